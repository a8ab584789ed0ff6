package stmt

import (
	"encoding/hex"
	"strings"
	"testing"
)

const (
	aTrace, aSpan = "5bd66ef5095369c7b0d1f8f4bd33716a", "c532cb4098ac3dd2"
	aParent       = "traceparent='00-" + aTrace + "-" + aSpan + "-01'"
)

func TestTraceParentIsFoundInAComment(t *testing.T) {
	for _, sql := range []string{
		"select 1 /*" + aParent + "*/",
		"select 1 /*" + aParent + "*/ ;\n",
		"select 1 /*action='%2Fparam*d',controller='index'," + aParent + ",tracestate='congo%3Dt61rcWkgMzE'*/",
		"select 1 /* db_driver='x', " + aParent + " */",
		"/*" + aParent + "*/ select 1",
		" \n/*" + aParent + "*/select 1 /* no more */",
		"/* mysqlda core=a */ /*" + aParent + "*/ select 1",
		"select '/*' /*" + aParent + "*/",
		"select 1 /*" + strings.Replace(aParent, "'00", "'01", 1) + "*/",
		"select 1 /*xtraceparent='00-1'," + aParent + "*/",
		"insert into t values ('" + strings.Repeat("x", 1<<20) + "') /*" + aParent + "*/",
	} {
		p, ok := Trace([]byte(sql))
		if !ok || hex.EncodeToString(p.TraceID[:]) != aTrace || hex.EncodeToString(p.SpanID[:]) != aSpan || !p.Sampled {
			t.Errorf("%.80s: %+v, %t", sql, p, ok)
		}
	}
	p, ok := Trace([]byte("do 1 /*" + strings.Replace(aParent, "-01'", "-00'", 1) + "*/"))
	if !ok || p.Sampled {
		t.Errorf("not sampled: %+v, %t", p, ok)
	}
}

func TestWhatIsNoTraceParentIsNone(t *testing.T) {
	for _, sql := range []string{
		"", ";", "/", "/*", "*/", "/*/", "select 1", "select 1 /* x */",
		"select '" + strings.ReplaceAll(aParent, "'", "''") + "'",
		"select 1 -- " + aParent,
		"select 1 /*" + aParent + "*/ from t",
		"select 1 /*" + aParent,
		"select 1 " + aParent + "*/",
		"select 1 /*x" + aParent + "*/",
		"select 1 /*" + aParent[:len(aParent)-1] + "*/",
		"select 1 /*" + strings.Replace(aParent, "-01'", "-01-02'", 1) + "*/",
		"select 1 /*" + strings.ToUpper(aParent) + "*/",
		"select 1 /*" + strings.Replace(aParent, aTrace, strings.ToUpper(aTrace), 1) + "*/",
		"select 1 /*" + strings.Replace(aParent, aTrace, strings.Repeat("0", 32), 1) + "*/",
		"select 1 /*" + strings.Replace(aParent, aSpan, strings.Repeat("0", 16), 1) + "*/",
		"select 1 /*" + strings.Replace(aParent, "'00", "'ff", 1) + "*/",
		"select 1 /*" + strings.Replace(aParent, aTrace+"-", aTrace+"f", 1) + "*/",
		"/* a *//* b *//* c *//*" + aParent + "*/ select 1",
		"/* " + strings.Repeat("x", 5000) + aParent + "*/ select 1 /* " + aParent + strings.Repeat("x", 5000) + "*/",
	} {
		if p, ok := Trace([]byte(sql)); ok {
			t.Errorf("%.80q: %+v", sql, p)
		}
	}
}

func TestLookingForATraceParentCostsNoAllocation(t *testing.T) {
	sql := []byte("select 1 /*" + aParent + "*/")
	if n := testing.AllocsPerRun(100, func() { Trace(sql) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzTrace(f *testing.F) {
	f.Add([]byte("select 1 /*" + aParent + "*/"))
	f.Add([]byte("/*" + aParent + "*/ select 1"))
	f.Fuzz(func(t *testing.T, sql []byte) {
		p, ok := Trace(sql)
		if ok && !strings.Contains(string(sql), hex.EncodeToString(p.TraceID[:])+"-"+hex.EncodeToString(p.SpanID[:])+"-") {
			t.Errorf("%q: %+v", sql, p)
		}
	})
}

// BenchmarkTrace is what every text pays where tracing is on.
func BenchmarkTrace(b *testing.B) {
	for name, sql := range map[string][]byte{
		"None":    []byte("SELECT c FROM sbtest1 WHERE id=5012"),
		"Comment": []byte("SELECT c FROM sbtest1 WHERE id=5012 /* from the front page */"),
		"Parent":  []byte("SELECT c FROM sbtest1 WHERE id=5012 /*" + aParent + "*/"),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Trace(sql)
			}
		})
	}
}
