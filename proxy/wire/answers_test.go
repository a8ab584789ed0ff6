package wire

import (
	"encoding/binary"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// The pieces that scripted answers are made of. Payloads only: stream numbers
// them and cuts what is too long for one packet.

func stream(payloads ...[]byte) []byte {
	var out []byte
	seq := uint8(1)
	for _, p := range payloads {
		for {
			n := min(len(p), MaxPacketPayload)
			out = append(out, 0, 0, 0, 0)
			PutHeader(out[len(out)-HeaderLen:], n, seq)
			out = append(out, p[:n]...)
			seq++
			p = p[n:]
			if n < MaxPacketPayload {
				break
			}
		}
	}
	return out
}

func okOf(mark byte, status uint16) []byte {
	return appendOK(nil, 0, ClientProtocol41, mark, OK{AffectedRows: 1 << 40, LastInsertID: 300, Status: status, Info: "info"})[HeaderLen:]
}

func ok(status uint16) []byte { return okOf(markOK, status) }

func errOf(code uint16) []byte { return AppendErr(nil, 0, code, "42000", "no")[HeaderLen:] }

// end is what ends rows, and eof what ends definitions, if anything does.
func end(caps Capability, status uint16) []byte {
	return appendEnd(nil, 0, caps, status)[HeaderLen:]
}

func shortEOF(status uint16) []byte {
	return binary.LittleEndian.AppendUint16([]byte{markEOF, 0, 0}, status)
}

func definition() []byte { return appendColumn(nil, 0, 0, Column{Name: "column"})[HeaderLen:] }

func row(values ...string) []byte { return appendTextRow(nil, make([]Column, len(values)), values) }

// optional are the capabilities with which definitions may be left out.
const optional = ClientOptionalResultsetMetadata | MariadbCacheMetadata

func header(caps Capability, columns int) [][]byte {
	count := mysql.AppendLengthEncodedInteger(nil, uint64(columns))
	if caps&optional != 0 {
		count = append(count, 1)
	}
	return append([][]byte{count}, definitions(caps, columns)...)
}

// bareHeader is header without the definitions; what ends them comes all the same.
func bareHeader(caps Capability, columns int) [][]byte {
	count := append(mysql.AppendLengthEncodedInteger(nil, uint64(columns)), 0)
	return append([][]byte{count}, definitions(caps, 0)...)
}

func definitions(caps Capability, n int) [][]byte {
	var out [][]byte
	for range n {
		out = append(out, definition())
	}
	if !caps.Has(ClientDeprecateEOF) {
		out = append(out, shortEOF(0))
	}
	return out
}

func prepareOK(caps Capability, id uint32, columns, params uint16) []byte {
	out := prepareHead(id, columns, params)
	if caps.Has(ClientOptionalResultsetMetadata) {
		out = append(out, 1)
	}
	return out
}

func prepareHead(id uint32, columns, params uint16) []byte {
	out := binary.LittleEndian.AppendUint32([]byte{0}, id)
	out = binary.LittleEndian.AppendUint16(out, columns)
	out = binary.LittleEndian.AppendUint16(out, params)
	return append(out, 0, 0, 0)
}

func concat(lists ...any) [][]byte {
	var out [][]byte
	for _, list := range lists {
		switch list := list.(type) {
		case []byte:
			out = append(out, list)
		case [][]byte:
			out = append(out, list...)
		}
	}
	return out
}

const more = StatusMoreResultsExists | StatusAutocommit

// scripted is an answer and what the tracker must say of it.
type scripted struct {
	name    string
	command byte
	packets [][]byte
	status  uint16
	errCode uint16
	stmt    preparedFacts
	large   bool // too large to be fed byte by byte
}

type preparedFacts struct {
	id              uint32
	columns, params uint16
	ok              bool
}

func answers(caps Capability) []scripted {
	long := make([]byte, MaxPacketPayload+1)
	long[0] = markEOF // a value of 16 MiB or more
	exact := make([]byte, MaxPacketPayload)
	exact[0] = 0xfd
	done := end(caps, StatusInTrans)
	list := []scripted{
		{name: "ok", command: ComQuery, packets: concat(ok(StatusInTrans)), status: StatusInTrans},
		{name: "err", command: ComQuery, packets: concat(errOf(1146)), errCode: 1146},
		{name: "no rows", command: ComQuery, packets: concat(header(caps, 3), done), status: StatusInTrans},
		{name: "rows", command: ComQuery, packets: concat(header(caps, 2), row("a", "b"), row("", "b"), []byte{0xfb, 0xfb}, row("c", "d"), done), status: StatusInTrans},
		{name: "many columns", command: ComQuery, packets: concat(header(caps, 300), row("x"), done), status: StatusInTrans},
		{name: "many rows", command: ComQuery, packets: concat(header(caps, 1), repeated(600, row("x")), done), status: StatusInTrans},
		{name: "binary rows", command: ComStmtExecute, packets: concat(header(caps, 1), []byte{0, 0, 1, 'a'}, []byte{0, 4}, done), status: StatusInTrans},
		{name: "err instead of rows", command: ComQuery, packets: concat(header(caps, 1), errOf(1317)), errCode: 1317},
		{name: "err behind rows", command: ComQuery, packets: concat(header(caps, 1), row("a"), row("b"), errOf(1317)), errCode: 1317},
		{name: "bulk execution", command: ComStmtBulkExecute, packets: concat(ok(StatusInTrans)), status: StatusInTrans},
		{name: "bulk execution by row", command: ComStmtBulkExecute, packets: concat(header(caps, 2), []byte{0, 0, 1, 'a'}, []byte{0, 0, 1, 'b'}, done), status: StatusInTrans},
		{name: "OUT parameters", command: ComStmtExecute, packets: concat(header(caps, 1), []byte{0, 0, 1}, end(caps, more), header(caps, 2), []byte{0, 0, 1}, end(caps, more|StatusPSOutParams), ok(StatusInTrans)), status: StatusInTrans},
		{name: "most columns", command: ComQuery, packets: concat(header(caps, 0xffff), row("x"), done), status: StatusInTrans, large: true},
		{name: "prepare with most", command: ComStmtPrepare, packets: concat(prepareOK(caps, 7, 0xffff, 0xffff), definitions(caps, 0xffff), definitions(caps, 0xffff)), stmt: preparedFacts{7, 0xffff, 0xffff, true}, large: true},
		{name: "several results", command: ComQuery, packets: concat(ok(more), header(caps, 1), row("a"), end(caps, more), header(caps, 2), end(caps, more), ok(StatusInTrans)), status: StatusInTrans},
		{name: "err in the second result", command: ComQuery, packets: concat(ok(more), errOf(1064)), status: more, errCode: 1064},
		{name: "row of exactly a packet", command: ComQuery, packets: concat(header(caps, 1), exact, done), status: StatusInTrans, large: true},
		{name: "row of two packets", command: ComQuery, packets: concat(header(caps, 1), row("a"), long, row("b"), done), status: StatusInTrans, large: true},
		{name: "prepare", command: ComStmtPrepare, packets: concat(prepareOK(caps, 7, 0, 0)), stmt: preparedFacts{7, 0, 0, true}},
		{name: "prepare with parameters", command: ComStmtPrepare, packets: concat(prepareOK(caps, 7, 0, 2), definitions(caps, 2)), stmt: preparedFacts{7, 0, 2, true}},
		{name: "prepare with columns", command: ComStmtPrepare, packets: concat(prepareOK(caps, 7, 3, 0), definitions(caps, 3)), stmt: preparedFacts{7, 3, 0, true}},
		{name: "prepare with both", command: ComStmtPrepare, packets: concat(prepareOK(caps, 1<<31, 3, 2), definitions(caps, 2), definitions(caps, 3)), stmt: preparedFacts{1 << 31, 3, 2, true}},
		{name: "prepare err", command: ComStmtPrepare, packets: concat(errOf(1064)), errCode: 1064},
		{name: "prepare err behind its ok", command: ComStmtPrepare, packets: concat(prepareOK(caps, 7, 0, 2), errOf(1317)), errCode: 1317},
		{name: "fetch", command: ComStmtFetch, packets: concat([]byte{0, 0, 1, 'a'}, []byte{0, 4}, end(caps, StatusCursorExists)), status: StatusCursorExists},
		{name: "fetch with more results", command: ComStmtFetch, packets: concat(end(caps, more)), status: more},
		{name: "last fetch", command: ComStmtFetch, packets: concat(end(caps, StatusLastRowSent)), status: StatusLastRowSent},
		{name: "fetch err", command: ComStmtFetch, packets: concat(errOf(1243)), errCode: 1243},
		{name: "field list", command: ComFieldList, packets: concat(definition(), definition(), done), status: StatusInTrans},
		{name: "statistics", command: ComStatistics, packets: concat([]byte("Uptime: 5"))},
		{name: "ping", command: ComPing, packets: concat(ok(StatusInTrans)), status: StatusInTrans},
		{name: "init db err", command: ComInitDB, packets: concat(errOf(1049)), errCode: 1049},
		{name: "reset with more results", command: ComResetConnection, packets: concat(ok(more)), status: more},
		{name: "set option, eof", command: ComSetOption, packets: concat(shortEOF(StatusInTrans)), status: StatusInTrans},
		{name: "set option, end", command: ComSetOption, packets: concat(done), status: StatusInTrans},
		{name: "set option, ok", command: ComSetOption, packets: concat(ok(StatusInTrans)), status: StatusInTrans},
		{name: "short eof behind rows", command: ComQuery, packets: concat(header(caps, 1), row("a"), shortEOF(StatusInTrans)), status: StatusInTrans},
	}
	if caps.Has(MariadbProgress) {
		list = append(list, scripted{name: "progress", command: ComQuery, packets: concat(errOf(errProgress), errOf(errProgress), header(caps, 1), errOf(errProgress), row("a"), done), status: StatusInTrans})
	}
	list = append(list, cursors(caps)...)
	return append(list, bareAnswers(caps)...)
}

// cursors are executions that open one, with definitions and without.
func cursors(caps Capability) []scripted {
	cursor := StatusCursorExists | StatusInTrans
	headers := map[string][][]byte{"cursor": header(caps, 2)}
	if caps&optional != 0 {
		headers["bare cursor"] = bareHeader(caps, 2)
	}
	var list []scripted
	for name, opened := range headers {
		if caps.Has(ClientDeprecateEOF) {
			opened = append(opened, end(caps, cursor))
		} else {
			opened[len(opened)-1] = shortEOF(cursor)
		}
		list = append(list, scripted{name: name, command: ComStmtExecute, packets: opened, status: cursor})
	}
	return list
}

// bareAnswers are answers that leave out definitions.
func bareAnswers(caps Capability) []scripted {
	if caps&optional == 0 {
		return nil
	}
	done := end(caps, StatusInTrans)
	long := make([]byte, MaxPacketPayload+1)
	long[0] = markEOF
	list := []scripted{
		{name: "bare rows", command: ComQuery, packets: concat(bareHeader(caps, 2), row("a", "b"), done), status: StatusInTrans},
		{name: "bare, no rows", command: ComStmtExecute, packets: concat(bareHeader(caps, 2), done), status: StatusInTrans},
		{name: "bare, error", command: ComStmtExecute, packets: concat(bareHeader(caps, 2), errOf(1317)), errCode: 1317},
		{name: "bare, many columns", command: ComStmtExecute, packets: concat(bareHeader(caps, 0xffff), []byte{0, 0, 1}, done), status: StatusInTrans},
		{name: "bare, then full", command: ComQuery, packets: concat(bareHeader(caps, 2), row("a", "b"), end(caps, more), header(caps, 1), row("c"), end(caps, more), bareHeader(caps, 1), done), status: StatusInTrans},
		{name: "bare, long row", command: ComQuery, packets: concat(bareHeader(caps, 1), long, done), status: StatusInTrans, large: true},
	}
	if caps.Has(ClientOptionalResultsetMetadata) {
		bare := func(columns, params uint16) []byte { return append(prepareHead(7, columns, params), 0) }
		none := definitions(caps, 0)
		list = append(list,
			scripted{name: "bare prepare", command: ComStmtPrepare, packets: concat(bare(0, 0)), stmt: preparedFacts{7, 0, 0, true}},
			scripted{name: "bare prepare with parameters", command: ComStmtPrepare, packets: concat(bare(0, 2), none), stmt: preparedFacts{7, 0, 2, true}},
			scripted{name: "bare prepare with columns", command: ComStmtPrepare, packets: concat(bare(2, 0), none), stmt: preparedFacts{7, 2, 0, true}},
			scripted{name: "bare prepare with both", command: ComStmtPrepare, packets: concat(bare(2, 3), none, none), stmt: preparedFacts{7, 2, 3, true}},
		)
	}
	return list
}

func repeated(n int, p []byte) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = p
	}
	return out
}
