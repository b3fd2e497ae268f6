package report

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/rules"
)

// csvTraces reads a table's CSV file back with encoding/csv.
type csvTraces struct {
	names   *nameTable
	rejects bool
	file    *disk.File
	reader  *csv.Reader
	style   csvStyle
	batch   []trace
	// Where the columns stand.
	source, path, row, amount, currency, severity, agency int
	only                                                  *string
}

func openCSVTraces(r *recounting, names *nameTable, _ columnSet) (traces, error) {
	file, err := disk.Open(r.path)
	if err != nil {
		return nil, err
	}
	reader, style, err := newCSVReader(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	t := &csvTraces{names: names, rejects: r.rejects, file: file, reader: reader, style: style, only: r.only, batch: make([]trace, 0, traceRows)}
	if err := t.readHeader(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return t, nil
}

// newCSVReader reads a table's CSV, in whatever dialect it is. A record is good until
// the next.
func newCSVReader(file io.Reader) (*csv.Reader, csvStyle, error) {
	buffered := bufio.NewReaderSize(file, maxHeaderBytes)
	style, err := readStyle(buffered)
	if err != nil {
		return nil, csvStyle{}, err
	}
	reader := csv.NewReader(newLineBreaks(buffered))
	reader.Comma, reader.ReuseRecord = rune(style.delimiter), true
	return reader, style, nil
}

func (t *csvTraces) readHeader() error {
	header, err := t.reader.Read()
	if err != nil {
		return fmt.Errorf("the header: %w", err)
	}
	for _, column := range []struct {
		name  string
		place *int
	}{{"source", &t.source}, {"file", &t.path}, {"row", &t.row}, {"amount", &t.amount}, {"currency", &t.currency}, {"severity", &t.severity}, {"agency", &t.agency}} {
		*column.place = slices.Index(header, column.name)
		if *column.place < 0 && !(t.rejects && (column.name == "severity" || column.name == "agency")) {
			return fmt.Errorf("there is no column %s", column.name)
		}
	}
	return nil
}

func (t *csvTraces) close() error { return t.file.Close() }

// skip skips nothing: where a line ends is known only once it has been read.
func (t *csvTraces) skip(int64) (int64, error) { return 0, nil }

func (t *csvTraces) next() ([]trace, error) {
	t.batch = t.batch[:0]
	for len(t.batch) < traceRows {
		record, err := t.reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			// The error tells line and column, and no text.
			return nil, err
		}
		row, err := t.parse(record)
		if err != nil {
			line, _ := t.reader.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		t.batch = append(t.batch, row)
	}
	if len(t.batch) == 0 {
		return nil, io.EOF
	}
	return t.batch, nil
}

func (t *csvTraces) parse(record []string) (row trace, err error) {
	if row.file, err = t.names.file([]byte(PlainText(record[t.source])), []byte(PlainText(record[t.path]))); err != nil {
		return row, err
	}
	var ok bool
	if row.row, err = strconv.ParseInt(record[t.row], 10, 64); err != nil {
		return row, errors.New("column row is not a number")
	}
	if text := record[t.amount]; text != "" {
		if row.amount, ok = parseDecimal(text, t.style.decimal); !ok {
			return row, errors.New("column amount is not an amount with two decimals")
		}
		row.hasAmount = true
	}
	if row.currency, err = t.names.currency([]byte(PlainText(record[t.currency]))); err != nil || t.rejects {
		return row, err
	}
	if t.only != nil && PlainText(record[t.agency]) != *t.only {
		return row, errAnotherAgency
	}
	row.flags, err = flags([]byte(record[t.severity]))
	return row, err
}

// parseDecimal reads what appendDecimal writes.
func parseDecimal(text string, decimal byte) (ore int64, ok bool) {
	whole, hundredths, found := strings.Cut(text, string(decimal))
	if !found || len(hundredths) != 2 {
		return 0, false
	}
	ore, err := strconv.ParseInt(whole+hundredths, 10, 64)
	return ore, err == nil
}

var errorName, warningName, infoName = rules.Error.String(), rules.Warning.String(), rules.Info.String()

// flags says whether a severity flags a record.
func flags(severity []byte) (bool, error) {
	switch string(severity) {
	case errorName, warningName:
		return true, nil
	case infoName:
		return false, nil
	}
	return false, errors.New("a severity that there is not")
}
