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
	"strings"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/report"
)

const (
	// maxDecisionBytes is how large a file of decisions may be.
	maxDecisionBytes = 256 << 20
	// parquetMagic begins a Parquet file.
	parquetMagic = "PAR1"
	// listedComplaints is how many bad rows are told of.
	listedComplaints = 20
)

// decisionColumns are the columns of a file of decisions. by and note are for
// people.
var decisionColumns = []string{"finding_id", "number", "rule", "decision", "until", "by", "note"}

// copiedUntil is the column of findings that has the last day of an earlier decision.
const copiedUntil = "decision_until"

// ReadDecisions reads a file of decisions, in CSV or Parquet, for a run on a day.
// It refuses a file with a bad row, of which the error tells the rows and no value.
func ReadDecisions(ctx context.Context, path string, asOf calendar.Day) (*Decisions, error) {
	file, err := disk.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the decisions in %s: %w", path, disk.Reason(err))
	}
	defer file.Close() // it is only read
	var head [4]byte
	n, err := io.ReadFull(file, head[:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, fmt.Errorf("cannot read the decisions: %w", err)
	}
	d := &Decisions{Path: path, asOf: asOf, byID: map[[16]byte]int32{}, byNumber: map[numberAndRule]int32{}}
	if string(head[:n]) == parquetMagic {
		if info, err := file.Stat(); err == nil && !info.Mode().IsRegular() {
			return nil, fmt.Errorf("cannot read the decisions: %s: a Parquet file must be a file of its own, neither compressed nor piped", path)
		}
		if err := d.readParquet(ctx); err != nil {
			return nil, fmt.Errorf("cannot read the decisions: %w", err)
		}
		return d, nil
	}
	contents, err := io.ReadAll(io.MultiReader(bytes.NewReader(head[:n]), io.LimitReader(file, maxDecisionBytes+1)))
	if err != nil {
		return nil, fmt.Errorf("cannot read the decisions: %w", err)
	}
	if len(contents) > maxDecisionBytes {
		return nil, fmt.Errorf("cannot read the decisions: %s has more than %d bytes", path, maxDecisionBytes)
	}
	d.Size, d.SHA256 = int64(len(contents)), sha256.Sum256(contents)
	if err := d.readCSV(ctx, contents); err != nil {
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
	for _, column := range report.FindingColumns() { // rows are copied from findings
		others = append(others, column.Name)
	}
	places := map[string]int{}
	for i, name := range header {
		name = strings.TrimSpace(name)
		switch _, twice := places[name]; {
		case twice:
			return nil, fmt.Errorf("the column %s stands there twice", name)
		case slices.Contains(decisionColumns, name), name == copiedUntil:
			places[name] = i
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
	if err := readers.OtherFormat(contents); err != nil {
		return err
	}
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
	end := int64(0) // of the rows so far
	hidesRow := func() bool {
		text := bytes.TrimLeft(contents[end:reader.InputOffset()], "\r\n")
		end = reader.InputOffset()
		return hidesDecision(text, byte(reader.Comma), width, places)
	}
	if hidesRow() {
		return errors.New("quotes make one header of its first line and some after it, among which is a row of its own")
	}
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
		if hidesRow() {
			bad.add(place, "quotes make one row of that line and some after it, among which is a row of its own")
			continue
		}
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

// hidesDecision says whether a row takes in another, which would be lost: a line in it
// has a finding's id or a number in that column.
func hidesDecision(row []byte, delimiter byte, width int, places map[string]int) bool {
	if !bytes.Contains(bytes.TrimRight(row, "\r\n"), []byte("\n")) { // fast path
		return false
	}
	plain := func(text []byte) []byte { return []byte(report.PlainText(strings.TrimSpace(string(text)))) }
	for column, isKey := range map[string]func([]byte) bool{
		"finding_id": func(text []byte) bool { _, err := parseID(plain(text)); return err == nil },
		"number":     func(text []byte) bool { return identity.Parse(plain(text)).Fault == identity.NoFault },
	} {
		if place, ok := places[column]; ok && readers.HidesRow(row, delimiter, '"', width, place, isKey) {
			return true
		}
	}
	return false
}

// readParquet reads texts, integers and days of flat columns, behind the readers'
// guard.
func (d *Decisions) readParquet(ctx context.Context) error {
	var places map[string]int // among the texts of a row
	choose := func(names []string) (wanted []int, err error) {
		if places, err = placesOf(names); err != nil {
			return nil, err
		}
		for _, name := range append(slices.Clip(decisionColumns), copiedUntil) {
			at, there := places[name]
			delete(places, name)
			if there && name != "by" && name != "note" {
				places[name] = len(wanted)
				wanted = append(wanted, at)
			}
		}
		return wanted, nil
	}
	var bad complaints
	row := int64(0)
	file, err := readers.ReadTexts(ctx, d.Path, choose, func(texts [][]byte) error {
		if row++; row > MaxDecisions {
			return fmt.Errorf("it has more than %d rows", MaxDecisions)
		}
		bad.add(fmt.Sprintf("row %d", row), d.take(row, func(column string) string {
			if i, ok := places[column]; ok {
				return strings.TrimSpace(string(texts[i]))
			}
			return ""
		}))
		return nil
	})
	if err != nil {
		return err
	}
	d.Size, d.SHA256 = file.Size, file.SHA256
	if err := bad.err(); err != nil {
		return fmt.Errorf("%s: %w", d.Path, err)
	}
	return nil
}
