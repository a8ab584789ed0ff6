package stmt

import (
	"bytes"
	"strings"
	"testing"
)

// quotedAs returns a value as it is written between two quotes.
func quotedAs(quote string, value []byte) []byte {
	escaped := bytes.ReplaceAll(value, []byte(`\`), []byte(`\\`))
	escaped = bytes.ReplaceAll(escaped, []byte(quote), []byte(quote+quote))
	return []byte(quote + string(escaped) + quote)
}

// surroundings are where values stand, at @.
func surroundings() []string {
	return []string{
		"select a from t where b = @ and c = 1", "insert into t values (1, @, 2)", "insert into t values (@), (@)",
		"set @v = @", "call p(@)", "select a from t where b like concat(@, '%') -- @",
		"/* @ */ select 1", "select /*! @, */ 1", "update t set a=@,b=-1.5e3 where c in (@,@)", "select @", "@",
		"alter user u identified by @", "select a from t where b=@@",
	}
}

// TestNoLiteralIsInADigest writes values in all the ways that there are.
func TestNoLiteralIsInADigest(t *testing.T) {
	for _, value := range []string{
		"'s3cret'", `"s3cret"`, "n's3cret'", "N's3cret'", "x'5EC2E7'", "X'5EC2E7'", "0x5EC2E7", "b'1011'", "0b1011",
		"3141592", "-3141592", "+3141592", "3141.592", ".3141592", "3141e592", "3.141e-592", "3.141E+592",
		"date '3141-05-09'", "timestamp'3141-05-09 02:06:05'", "time '31:41:59'", "_latin1's3cret'", "_binary 's3cret'",
		"_utf8mb4 x'5EC2E7'", "'a' 's3cret'", "'s3''cret'", `'s3\'cret'`, `'s3cret\\'`, "'/* s3cret */'", "'-- s3cret'",
	} {
		for _, around := range surroundings() {
			if strings.HasPrefix(around, "/* @") && strings.Contains(value, "*/") {
				continue // the comment ends within the value: what is behind is no literal
			}
			for _, x := range []Syntax{0, AnsiQuotes, Syntax(0).With(GBK)} {
				text := strings.ReplaceAll(around, "@v", "_v")
				text = strings.ReplaceAll(text, "@", value)
				got := strings.ToLower(string(x.AppendDigest(nil, []byte(text), 1000)))
				for _, secret := range []string{"s3cret", "cret", "314", "592", "5ec2e7", "1011", "05-09"} {
					if strings.Contains(got, secret) {
						t.Errorf("%v: %s: %s is in %q", x, text, secret, got)
					}
				}
			}
		}
	}
}

// Whatever a string holds, the digest of its statement is that of the statement with
// another string.
func FuzzDigestOfStrings(f *testing.F) {
	f.Add([]byte("secret"), false)
	f.Add([]byte(`it's \ "quoted"`), true)
	f.Add([]byte("/* */ -- # ` \x00 ', 'x"), false)
	f.Fuzz(func(t *testing.T, value []byte, double bool) {
		quote := "'"
		if double {
			quote = `"`
		}
		for _, around := range surroundings() {
			if strings.Contains(around, "*/") || strings.Contains(around, "--") || strings.Contains(around, "@@") {
				continue // in comments quotes are none; two strings in a row are one
			}
			text := func(value []byte) []byte {
				return bytes.ReplaceAll([]byte(around), []byte("@"), quotedAs(quote, value))
			}
			got := Syntax(0).AppendDigest(nil, text(value), 1000)
			if want := Syntax(0).AppendDigest(nil, text(nil), 1000); !bytes.Equal(got, want) {
				t.Errorf("%q: %q, want %q", text(value), got, want)
			}
		}
	})
}
