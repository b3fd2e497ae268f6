package casework

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/report"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

const (
	// maxDecisionBytes is how large a file of decisions may be.
	maxDecisionBytes = 256 << 20
	// listedComplaints is how many bad rows are told of.
	listedComplaints = 20
)

// decisionColumns are the columns of a file of decisions. by and note are for
// people.
var decisionColumns = []string{"finding_id", "number", "rule", "decision", "until", "by", "note"}

// ReadDecisions reads a file of decisions, in CSV or Parquet, for a run on a day.
// It refuses a file with a bad row, of which the error tells the rows and no value.
func ReadDecisions(ctx context.Context, path string, asOf calendar.Day) (*Decisions, error) {
	file, err := disk.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the decisions: %w", err)
	}
	defer file.Close() // it is only read
	contents, err := io.ReadAll(io.LimitReader(file, maxDecisionBytes+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read the decisions: %w", err)
	}
	if len(contents) > maxDecisionBytes {
		return nil, fmt.Errorf("cannot read the decisions: %s has more than %d bytes", path, maxDecisionBytes)
	}
	d := &Decisions{
		Path: path, Size: int64(len(contents)), SHA256: sha256.Sum256(contents), asOf: asOf,
		byID: map[[16]byte]int32{}, byNumber: map[numberAndRule]int32{},
	}
	read := d.readCSV
	if bytes.HasPrefix(contents, []byte("PAR1")) {
		read = d.readParquet
	}
	err = pipeline.Guard(func() error { return read(ctx, contents) })
	var panicked *pipeline.Panic
	if errors.As(err, &panicked) {
		err = errors.New("the file is damaged") // what the library makes of it
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the decisions in %s: %w", path, err)
	}
	return d, nil
}

// complaints are the bad rows of a file.
type complaints struct {
	list  []string
	count int
}

func (c *complaints) add(place, complaint string) {
	if complaint == "" {
		return
	}
	if c.count++; len(c.list) < listedComplaints {
		c.list = append(c.list, place+": "+complaint)
	}
}

func (c *complaints) err() error {
	if c.count == 0 {
		return nil
	}
	text := strings.Join(c.list, "; ")
	if c.count > len(c.list) {
		text += fmt.Sprintf("; and %d more", c.count-len(c.list))
	}
	return errors.New(text)
}

// placesOf are the places of the columns in a file, by name. A name that is not
// known is not repeated: where a header is missing it may be anything.
func placesOf(header []string) (map[string]int, error) {
	var others []string
	for _, column := range report.FindingColumns() {
		// Rows are copied from findings. What was decided before must not be taken
		// for a decision.
		if column.Name != "decision_until" {
			others = append(others, column.Name)
		}
	}
	places := map[string]int{}
	for i, name := range header {
		name = strings.TrimSpace(name)
		switch _, twice := places[name]; {
		case twice:
			return nil, fmt.Errorf("the column %s stands there twice", name)
		case slices.Contains(decisionColumns, name):
			places[name] = i
		case name == "decision_until":
			return nil, fmt.Errorf("the column %d is decision_until: name it until, if it is the last day of the decision", i+1)
		case !slices.Contains(others, name):
			return nil, fmt.Errorf("the column %d is none of %s, nor one of findings", i+1, strings.Join(decisionColumns, ", "))
		}
	}
	has := func(name string) bool { _, ok := places[name]; return ok }
	switch {
	case !has("decision"):
		return nil, errors.New("there is no column decision")
	case !has("finding_id") && !(has("number") && has("rule")):
		return nil, errors.New("there is neither a column finding_id, nor number and rule")
	}
	return places, nil
}

// readCSV reads UTF-8 with a comma, a semicolon or a tab between the values.
func (d *Decisions) readCSV(ctx context.Context, contents []byte) error {
	contents = bytes.TrimPrefix(contents, []byte("\ufeff"))
	first, _, _ := bytes.Cut(contents, []byte("\n"))
	reader := csv.NewReader(bytes.NewReader(contents))
	reader.FieldsPerRecord = -1
	for _, delimiter := range []rune{';', '\t'} {
		if bytes.Count(first, []byte(string(delimiter))) > bytes.Count(first, []byte(string(reader.Comma))) {
			reader.Comma = delimiter
		}
	}
	reader.ReuseRecord = true
	header, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("it is empty")
	}
	if err != nil {
		return err // it tells the place alone
	}
	places, err := placesOf(header)
	if err != nil {
		return err
	}
	width := len(header)
	var bad complaints
	for row := int64(1); ; row++ {
		if row%1024 == 0 {
			if err := context.Cause(ctx); err != nil {
				return err
			}
		}
		values, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return bad.err()
		}
		if err != nil {
			return err
		}
		line, _ := reader.FieldPos(0)
		place := fmt.Sprintf("row %d (line %d)", row, line)
		if len(values) != width {
			bad.add(place, fmt.Sprintf("it has %d values, and the header %d", len(values), width))
			continue
		}
		bad.add(place, d.take(row, func(column string) string {
			if i, ok := places[column]; ok {
				// Rows are copied from a findings.csv, which guards texts from spreadsheets.
				return report.PlainText(strings.TrimSpace(values[i]))
			}
			return ""
		}))
	}
}

// readParquet reads texts, integers and days of flat columns.
func (d *Decisions) readParquet(ctx context.Context, contents []byte) error {
	file, err := parquet.OpenFile(bytes.NewReader(contents), int64(len(contents)))
	if err != nil {
		return errors.New("it is no sound Parquet file")
	}
	var header []string
	for _, field := range file.Schema().Fields() {
		if !field.Leaf() || field.Repeated() {
			return fmt.Errorf("the column %d is nested", len(header)+1)
		}
		header = append(header, field.Name())
	}
	places, err := placesOf(header)
	if err != nil {
		return err
	}
	texts := map[string]func(parquet.Value) string{}
	for name, place := range places {
		if name == "by" || name == "note" {
			continue
		}
		if texts[name] = textOf(file.Schema().Fields()[place]); texts[name] == nil {
			return fmt.Errorf("the column %s is neither text, an integer nor a day", name)
		}
	}
	reader := parquet.NewReader(file)
	defer reader.Close() // it is only read
	rows := make([]parquet.Row, 256)
	var bad complaints
	for row := int64(1); ; {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		n, err := reader.ReadRows(rows)
		for _, values := range rows[:n] {
			bad.add(fmt.Sprintf("row %d", row), d.take(row, func(column string) string {
				i, ok := places[column]
				if !ok || values[i].IsNull() {
					return ""
				}
				return strings.TrimSpace(texts[column](values[i]))
			}))
			row++
		}
		if errors.Is(err, io.EOF) {
			return bad.err()
		}
		if err != nil {
			return errors.New("it is no sound Parquet file")
		}
	}
}

// textOf makes text of the values of a column; nil where it cannot.
func textOf(field parquet.Field) func(parquet.Value) string {
	dayOf := func(t time.Time) string { return t.UTC().Format(time.DateOnly) }
	logical := field.Type().LogicalType()
	switch field.Type().Kind() {
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return func(v parquet.Value) string { return string(v.ByteArray()) }
	case parquet.Int32:
		if logical != nil {
			if _, isDay := logical.Value.(*format.DateType); isDay {
				return func(v parquet.Value) string { return calendar.Day(v.Int32()).String() }
			}
		}
		return func(v parquet.Value) string { return strconv.FormatInt(int64(v.Int32()), 10) }
	case parquet.Int64:
		if logical == nil {
			return func(v parquet.Value) string { return strconv.FormatInt(v.Int64(), 10) }
		}
		switch kind := logical.Value.(type) {
		case *format.IntType:
			return func(v parquet.Value) string { return strconv.FormatInt(v.Int64(), 10) }
		case *format.TimestampType:
			switch kind.Unit.Value.(type) {
			case *format.MilliSeconds:
				return func(v parquet.Value) string { return dayOf(time.UnixMilli(v.Int64())) }
			case *format.MicroSeconds:
				return func(v parquet.Value) string { return dayOf(time.UnixMicro(v.Int64())) }
			case *format.NanoSeconds:
				return func(v parquet.Value) string { return dayOf(time.Unix(0, v.Int64())) }
			}
		}
	}
	return nil
}
