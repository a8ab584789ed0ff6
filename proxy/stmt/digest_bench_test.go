package stmt

import "testing"

// BenchmarkDigest is what the digest of a statement costs that is not prepared.
func BenchmarkDigest(b *testing.B) {
	for _, c := range []struct{ name, sql string }{
		{"point", "select c from sbtest1 where id = 50123"},
		{"insert", "insert into orders (id, customer, item, amount, note) values (4711, 'cust-4711', 'a book', 12.50, 'to be sent at once')"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			text, dst := []byte(c.sql), make([]byte, 0, 600)
			for b.Loop() {
				dst = Syntax(0).AppendDigest(dst[:0], text, 512)
			}
		})
	}
}
