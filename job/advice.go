package job

import (
	"bytes"
	"math"
	"strconv"

	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/report"
)

// adviser looks at rejects for what most of them have in common, and says what would
// have such rows read.
type adviser struct {
	rejects int
	kinds   [adviceCount]int // how many are of each
}

// Kinds of rejects of which there is something to say.
const (
	commas = iota
	doubles
	trailingDelimiters
	fieldCounts
	backslashes
	adviceCount
)

var advices = [adviceCount]string{
	commas:             "if amounts have a decimal comma, avstam inspect FILE writes the configuration that reads them",
	doubles:            "the amounts are floating-point numbers, which are not exact to the öre: have the column cast to decimal(18,2)",
	trailingDelimiters: "a delimiter ends the row, and not the header: have both end alike",
	fieldCounts:        "the row has not as many fields as the header: has a text or an amount a delimiter, and no quotes around it?",
	backslashes:        "a backslash before a quote is not read: have quotes in quotes doubled",
}

// add looks at a reject of a file, the decimal sign of which may be declared nowhere.
func (a *adviser) add(reason pipeline.RejectReason, raw []byte, file *report.Input, isDecimalOpen bool) {
	a.rejects++
	isText := file.Format == readers.FormatCSV.String()
	switch {
	case reason == pipeline.BadAmount && isText && isDecimalOpen:
		a.kinds[commas]++
	case reason == pipeline.BadAmount && !isText && isAlmostOre(raw):
		a.kinds[doubles]++
	case reason == pipeline.FieldCount && bytes.HasSuffix(raw, []byte(file.Delimiter)):
		a.kinds[trailingDelimiters]++
	case reason == pipeline.FieldCount:
		a.kinds[fieldCounts]++
	case reason == pipeline.Quote && bytes.Contains(raw, []byte(`\`+file.Quote)):
		a.kinds[backslashes]++
	}
}

// isAlmostOre says whether a number is that of an öre but for what floating-point numbers
// lose.
func isAlmostOre(raw []byte) bool {
	kronor, err := strconv.ParseFloat(string(raw), 64)
	ore := kronor * 100
	whole := math.Round(ore)
	return err == nil && whole/100 != kronor && math.Abs(ore-whole) < 1e-6*max(1, math.Abs(ore)/1e9)
}

// text is advice on what most of the rejects are, behind a semicolon; mostly none.
func (a *adviser) text() string {
	for kind, count := range a.kinds {
		if 2*count > a.rejects {
			return "; " + advices[kind]
		}
	}
	return ""
}
