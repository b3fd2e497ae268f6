package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/avstam/avstam/config"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/rules"
)

func (p *program) inspectCommand() *cobra.Command {
	var format string
	command := &cobra.Command{
		Use:   "inspect FILE…",
		Short: "Tells what stands in files, and writes the configuration that reads them",
		Long: `Looks at files of records or of a register extract: how they are written, how many
rows they have, what their columns hold and could be. It ends with the entries of a
configuration that reads them. All else is written as comments, so that what is
printed is a configuration as it stands.

Values are masked: no identity number is printed.`,
		Example: `  avstam inspect in/fk.csv.gz
  avstam inspect in register > avstam.yaml`,
		Args: atLeastOne("FILE is missing"),
		RunE: func(command *cobra.Command, arguments []string) error {
			if format != "text" && format != "json" {
				return usageError(errors.New("--format: want text or json"))
			}
			if slices.Contains(arguments, readers.StandardInput) {
				return usageError(errors.New("standard input cannot be inspected: it can be read only once"))
			}
			if _, err := readers.Expand(command.Context(), arguments); err != nil {
				return inputError(err)
			}
			var inspections []*readers.Inspection
			named := map[string]string{} // the argument that named a file
			for _, argument := range arguments {
				paths, err := readers.ExpandTelling(command.Context(), []string{argument}, p.tellSkipped)
				if err != nil {
					return inputError(err)
				}
				for _, path := range paths {
					inspection, err := readers.Inspect(command.Context(), path)
					if err != nil {
						return inputError(err)
					}
					inspections = append(inspections, inspection)
					named[path] = argument
				}
			}
			entries, leftOut := withoutForeign(entriesOf(inspections, named))
			if format == "json" {
				return outputError(writeInspectionsJSON(inertWriter{p.out}, inspections, entries))
			}
			return outputError(writeInspections(inertWriter{p.out}, inspections, entries, leftOut))
		},
	}
	command.Flags().StringVar(&format, "format", "text", "text, which is a configuration with comments, or json")
	return command
}

// entry is what a configuration says of files that are read alike.
type entry struct {
	isRegister bool
	format     readers.Format
	name       string
	files      []string
	csv        readers.CSV
	mapped     map[string]string
	lacking    []string

	inspected []*readers.Inspection
}

// entriesOf puts files that are read alike into one entry each: they have the
// same columns where those are read, and are written alike where that can be
// told.
func entriesOf(inspections []*readers.Inspection, named map[string]string) []*entry {
	var entries []*entry
	for _, inspection := range inspections {
		at := slices.IndexFunc(entries, func(e *entry) bool { return e.takes(inspection) })
		if at < 0 {
			at = len(entries)
			entries = append(entries, &entry{
				isRegister: inspection.IsRegister, format: inspection.File.Format, mapped: renamed(inspection), lacking: inspection.Lacking,
			})
		}
		e := entries[at]
		e.inspected = append(e.inspected, inspection)
		e.csv = merged(e.csv, dialectOf(inspection))
	}
	names := map[string]bool{}
	for _, e := range entries {
		for _, inspection := range e.inspected {
			file := inspection.File.Path
			if argument := named[file]; isWhole(argument, e, inspections, named) {
				file = argument
			}
			if !slices.Contains(e.files, file) {
				e.files = append(e.files, file)
			}
		}
		e.name = sourceName(e.files[0])
		for number := 2; names[e.name]; number++ {
			e.name = fmt.Sprintf("%s-%d", sourceName(e.files[0]), number)
		}
		if !e.isRegister {
			names[e.name] = true
		}
	}
	return entries
}

// withoutForeign leaves out entries of files none of whose columns is a required one,
// as of a configuration that lies among the records: nothing could be read by them.
// Where there is no other entry they stay, for somebody to name the columns.
func withoutForeign(entries []*entry) (left []*entry, files []string) {
	for _, e := range entries {
		if slices.ContainsFunc(e.canonical(), func(c readers.Column) bool { return c.Required && !slices.Contains(e.lacking, c.Name) }) {
			left = append(left, e)
			continue
		}
		for _, inspection := range e.inspected {
			files = append(files, inspection.File.Path)
		}
	}
	if len(left) == 0 {
		return entries, nil
	}
	return left, files
}

// isWhole says whether all files that an argument named are in an entry.
func isWhole(argument string, e *entry, inspections []*readers.Inspection, named map[string]string) bool {
	for _, inspection := range inspections {
		if named[inspection.File.Path] == argument && !slices.Contains(e.inspected, inspection) {
			return false
		}
	}
	return true
}

// renamed are the canonical columns that go by another name in the file. Those
// that have their own need not be said, and may be missing in a file.
func renamed(inspection *readers.Inspection) map[string]string {
	columns := map[string]string{}
	for ours, theirs := range inspection.Mapped {
		if ours != theirs {
			columns[ours] = theirs
		}
	}
	return columns
}

// dialectOf is what must be said of how a file is written; what could not be
// told of it is zero.
func dialectOf(inspection *readers.Inspection) readers.CSV {
	file := inspection.File
	if file.Format != readers.FormatCSV {
		return readers.CSV{}
	}
	csv := file.CSV
	if inspection.IsASCII || inspection.IsMarked {
		csv.Encoding = ""
	}
	return csv
}

// takes says whether a file can be read by the entry.
func (e *entry) takes(inspection *readers.Inspection) bool {
	if e.isRegister != inspection.IsRegister || e.format != inspection.File.Format || !maps.Equal(e.mapped, renamed(inspection)) || !slices.Equal(e.lacking, inspection.Lacking) {
		return false
	}
	a, b := e.csv, dialectOf(inspection)
	return a.NoHeader == b.NoHeader && agree(a.Delimiter, b.Delimiter) && agree(a.Quote, b.Quote) && agree(a.Decimal, b.Decimal) &&
		agree(a.Encoding, b.Encoding) && a.DateLayout == b.DateLayout
}

// agree says whether two things are the same, as far as both are known.
func agree[T comparable](a, b T) bool {
	var unknown T
	return a == b || a == unknown || b == unknown
}

func merged(a, b readers.CSV) readers.CSV {
	a.NoHeader = b.NoHeader
	for _, pair := range [...]struct{ to, from *byte }{{&a.Delimiter, &b.Delimiter}, {&a.Quote, &b.Quote}, {&a.Decimal, &b.Decimal}} {
		if *pair.to == 0 {
			*pair.to = *pair.from
		}
	}
	if a.Encoding == "" {
		a.Encoding = b.Encoding
	}
	a.DateLayout = b.DateLayout
	return a
}

var notInNames = regexp.MustCompile(`[^\pL]+`)

// sourceName makes the name of a source of that of its first file: letters alone,
// since digits there are mostly a date, and might be more.
func sourceName(file string) string {
	base, _, _ := strings.Cut(filepath.Base(file), ".")
	if name := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(base), "-"), "-"); name != "" {
		return name
	}
	return "records"
}

// source is an entry of records as a configuration has it.
func (e *entry) source() config.Source {
	return config.Source{Name: e.name, Files: e.paths(), CSV: e.dialect(), Columns: columnsOf[config.RecordColumn](e.mapped)}
}

// register is an entry of a register extract as a configuration has it.
func (e *entry) register() config.Register {
	return config.Register{Files: e.paths(), CSV: e.dialect(), Columns: columnsOf[config.RegisterColumn](e.mapped)}
}

// paths are the files as a configuration writes them, in which $$ is a dollar.
func (e *entry) paths() []string {
	paths := make([]string, len(e.files))
	for i, file := range e.files {
		paths[i] = strings.ReplaceAll(file, "$", "$$")
	}
	return paths
}

func columnsOf[K ~string](mapped map[string]string) map[K]string {
	columns := make(map[K]string, len(mapped))
	for ours, theirs := range mapped {
		columns[K(ours)] = theirs
	}
	return columns
}

// dialect is what must be declared of text files, nil for others.
func (e *entry) dialect() *config.CSV {
	if e.format != readers.FormatCSV {
		return nil
	}
	csv := &config.CSV{NoHeader: e.csv.NoHeader, DateLayout: config.DateLayout(e.csv.DateLayout)}
	if csv.Delimiter = config.Character(e.csv.Delimiter); e.csv.Delimiter == '\t' {
		csv.Delimiter = "tab"
	}
	if e.csv.Quote == '\'' {
		csv.Quote = "'"
	}
	if e.csv.Decimal == ',' {
		csv.Decimal = ","
	}
	if e.csv.Encoding != "" && e.csv.Encoding != "utf-8" {
		csv.Encoding = config.Encoding(e.csv.Encoding)
	}
	return csv
}

// fileReport is what is told of a file in JSON.
type fileReport struct {
	File          string         `json:"file"`
	Format        string         `json:"format"`
	Compression   []string       `json:"compression,omitempty"`
	Size          int64          `json:"size"` // bytes
	Delimiter     string         `json:"delimiter,omitempty"`
	Quote         string         `json:"quote,omitempty"`
	Header        *bool          `json:"header,omitempty"`
	Encoding      string         `json:"encoding,omitempty"`
	EncodingBy    string         `json:"encoding_by,omitempty"`
	Decimal       string         `json:"decimal,omitempty"`
	DateLayout    string         `json:"date_layout,omitempty"`
	NoCentury     string         `json:"layout_without_century,omitempty"`
	Folders       []string       `json:"folders,omitempty"` // the keys of folders named key=value
	Rows          int64          `json:"rows"`
	RowsEstimated bool           `json:"rows_estimated"`
	Inspected     int64          `json:"rows_inspected"`
	Faulty        int64          `json:"rows_faulty"`
	Kind          string         `json:"kind"` // records or register
	Lacking       []string       `json:"lacking,omitempty"`
	Columns       []columnReport `json:"columns"`
}

type columnReport struct {
	Name        string            `json:"name"`
	Type        string            `json:"type"`
	Empty       int64             `json:"empty"`
	Different   int64             `json:"different"`
	FirstValues []string          `json:"first_values"`
	CouldBe     []candidateReport `json:"could_be"`
}

type candidateReport struct {
	Column string `json:"column"`
	Why    string `json:"why"`
}

func reportOf(inspection *readers.Inspection) fileReport {
	file := inspection.File
	r := fileReport{
		File: file.Path, Format: file.Format.String(), Compression: slices.Sorted(slices.Values(inspection.Codecs)), Size: file.Size, Rows: inspection.Rows,
		NoCentury: inspection.WithoutCentury, RowsEstimated: inspection.RowsEstimated, Inspected: inspection.Inspected, Faulty: inspection.Faulty, Kind: "records", Lacking: inspection.Lacking,
		Columns: []columnReport{},
	}
	if file.Compression != "" {
		r.Compression = []string{file.Compression}
	}
	if inspection.IsRegister {
		r.Kind = "register"
	}
	if file.Format == readers.FormatCSV {
		header := !file.CSV.NoHeader
		r.Header = &header
		r.Delimiter, r.Quote, r.Decimal = characterText(file.CSV.Delimiter), characterText(file.CSV.Quote), characterText(file.CSV.Decimal)
		r.Encoding, r.DateLayout = file.CSV.Encoding, file.CSV.DateLayout
		switch {
		case inspection.IsMarked:
			r.EncodingBy = "byte order mark"
		case inspection.IsASCII:
			r.EncodingBy = "any would do: the text is ASCII"
		default:
			r.EncodingBy = "detected"
		}
	}
	for _, key := range file.Folders {
		r.Folders = append(r.Folders, printable(key.Key))
	}
	for i := range inspection.Columns {
		c := &inspection.Columns[i]
		column := columnReport{
			Name: c.Shown(), Type: c.Type, Empty: c.Empty, Different: c.Different, FirstValues: append([]string{}, c.First...), CouldBe: []candidateReport{},
		}
		for _, candidate := range c.Candidates {
			column.CouldBe = append(column.CouldBe, candidateReport{candidate.Column, candidate.Why})
		}
		r.Columns = append(r.Columns, column)
	}
	return r
}

func writeInspectionsJSON(w io.Writer, inspections []*readers.Inspection, entries []*entry) error {
	document := struct {
		Files    []fileReport      `json:"files"`
		Register []config.Register `json:"register"`
		Sources  []config.Source   `json:"sources"`
	}{Files: []fileReport{}, Register: []config.Register{}, Sources: []config.Source{}}
	for _, inspection := range inspections {
		document.Files = append(document.Files, reportOf(inspection))
	}
	for _, e := range entries {
		if e.isRegister {
			document.Register = append(document.Register, e.register())
		} else {
			document.Sources = append(document.Sources, e.source())
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}

// writeInspections writes what was seen as comments, and the entries as a
// configuration, which says of what files it leaves out.
func writeInspections(w io.Writer, inspections []*readers.Inspection, entries []*entry, leftOut []string) error {
	var seen strings.Builder
	for _, inspection := range inspections {
		tellInspection(&seen, reportOf(inspection))
	}
	var text strings.Builder
	for line := range strings.Lines(seen.String()) {
		text.WriteString(strings.TrimRight("# "+line, " \n") + "\n")
	}
	text.WriteString("\n")
	for _, file := range leftOut {
		fmt.Fprintf(&text, "# %s is left out: none of its columns could be told to be a required one\n", printable(file))
	}
	registers := 0
	for _, e := range entries {
		if !e.isRegister {
			continue
		}
		registers++
		mark := ""
		if registers > 1 {
			// A configuration has one register; whose columns differ cannot be one.
			text.WriteString("# another register, whose files are not read as those above are:\n")
			mark = "# "
		}
		e.write(&text, mark+"register:\n", mark+"  ", mark+"  ")
	}
	head := "sources:\n"
	for _, e := range entries {
		if !e.isRegister {
			e.write(&text, head, "  - name: "+yamlText(e.name)+"\n    ", "    ")
			head = ""
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// tellInspection writes about a file for people.
func tellInspection(text *strings.Builder, r fileReport) {
	fmt.Fprintf(text, "%s\n", printable(r.File))
	facts := table{right: []bool{false, false}}
	format := strings.Join(append([]string{r.Format}, r.Compression...), ", ")
	facts.add("  format", format)
	if r.Header != nil {
		facts.add("  delimiter, quote", r.Delimiter+"  "+r.Quote)
		if *r.Header {
			facts.add("  header", "the first line")
		} else {
			facts.add("  header", "none")
		}
		facts.add("  encoding", r.Encoding+" ("+r.EncodingBy+")")
		if r.Decimal == "" {
			r.Decimal = "none seen"
		}
		facts.add("  decimal sign", r.Decimal)
		if r.DateLayout != "" {
			facts.add("  days as", r.DateLayout)
		}
		if r.NoCentury != "" {
			facts.add("  days as", r.NoCentury+", which does not tell the century: a register is not read so, and these columns are left out")
		}
	}
	if len(r.Folders) > 0 {
		facts.add("  folders tell", strings.Join(r.Folders, ", "))
	}
	rows := grouped(r.Rows)
	if r.RowsEstimated {
		rows = "about " + rows + ", estimated"
	}
	facts.add("  rows", rows)
	looksLike := "looks like " + map[string]string{"records": "records", "register": "a register extract"}[r.Kind]
	if len(r.Lacking) > 0 {
		looksLike = "no column could be told to be " + strings.Join(r.Lacking, ", ")
	}
	facts.add("  contents", looksLike)
	facts.write(text)
	over := "all rows"
	if r.Inspected < r.Rows || r.RowsEstimated {
		over = "the first " + grouped(r.Inspected) + " rows"
	}
	if r.Faulty > 0 {
		over += fmt.Sprintf(", of which %s %s not have the fields of the first line", grouped(r.Faulty), rules.Plural(r.Faulty, "does", "do"))
	}
	fmt.Fprintf(text, "  columns, over %s:\n", over)
	columns := table{right: []bool{false, false, true, true, false, false}}
	columns.add("    name", "type", "empty", "different", "first values, masked", "could be")
	for _, c := range r.Columns {
		first := make([]string, len(c.FirstValues))
		for i, value := range c.FirstValues {
			first[i] = strings.TrimSpace(value)
		}
		couldBe := make([]string, len(c.CouldBe))
		for i, candidate := range c.CouldBe {
			couldBe[i] = candidate.Column + " (" + candidate.Why + ")"
		}
		columns.add("    "+readers.Visible(c.Name), c.Type, grouped(c.Empty), grouped(c.Different), strings.Join(first, " | "), strings.Join(couldBe, "; "))
	}
	columns.write(text)
	text.WriteString("\n")
}

// printable is a text of one line.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' || r == '\u0085' {
			return '\ufffd'
		}
		return r
	}, text)
}

// write writes an entry as YAML: head, then each key after its indent, the first
// after first.
func (e *entry) write(text *strings.Builder, head, first, indent string) {
	text.WriteString(head)
	for _, name := range e.lacking {
		fmt.Fprintf(text, "%s# no column could be told to be %s, which is required: name it under columns\n", strings.TrimSuffix(indent, "  "), name)
	}
	for _, doubt := range e.doubts() {
		fmt.Fprintf(text, "%s# %s\n", strings.TrimSuffix(indent, "  "), doubt)
	}
	files := make([]string, len(e.files))
	for i, file := range e.paths() {
		files[i] = yamlText(file)
	}
	fmt.Fprintf(text, "%sfiles: [%s]\n", first, strings.Join(files, ", "))
	if csv := e.dialect(); csv != nil {
		var keys []string
		for _, pair := range [...]struct{ key, value string }{
			{"delimiter", string(csv.Delimiter)}, {"quote", string(csv.Quote)}, {"decimal", string(csv.Decimal)}, {"encoding", string(csv.Encoding)},
			{"date_layout", string(csv.DateLayout)},
		} {
			if pair.value != "" {
				keys = append(keys, pair.key+": "+yamlText(pair.value))
			}
		}
		if csv.NoHeader {
			keys = append(keys, "no_header: true")
		}
		if len(keys) > 0 {
			fmt.Fprintf(text, "%scsv: {%s}\n", indent, strings.Join(keys, ", "))
		}
	}
	if len(e.mapped) == 0 {
		return
	}
	var columns []string
	for _, column := range e.canonical() {
		if theirs, ok := e.mapped[column.Name]; ok {
			columns = append(columns, column.Name+": "+yamlText(theirs))
		}
	}
	fmt.Fprintf(text, "%scolumns: {%s}\n", indent, strings.Join(columns, ", "))
}

// doubts are what somebody has to decide about the columns that are mapped.
func (e *entry) doubts() (doubts []string) {
	add := func(doubt string) {
		if doubt = readers.Visible(doubt); !slices.Contains(doubts, doubt) {
			doubts = append(doubts, doubt)
		}
	}
	for _, inspection := range e.inspected {
		for _, column := range e.canonical() {
			also := inspection.Also[column.Name]
			if mapped, ok := inspection.Mapped[column.Name]; ok && len(also) > 0 {
				add(fmt.Sprintf("%s is read from %s; also possible: %s", column.Name, mapped, strings.Join(also, ", ")))
			}
		}
		for _, name := range inspection.OtherUnits {
			add(name + " is not proposed as amount: by its name it is in another unit, and amounts must be in kronor")
		}
	}
	return doubts
}

func (e *entry) canonical() []readers.Column {
	if e.isRegister {
		return readers.RegisterColumns()
	}
	return readers.RecordColumns()
}

// plainYAML are texts that mean themselves in YAML, in lists and mappings too;
// words that mean something else, as yes and null, have no capital and no dot.
var plainYAML = regexp.MustCompile(`^[A-ZÅÄÖa-zåäö][A-ZÅÄÖa-zåäö0-9_./-]*[A-ZÅÄÖa-zåäö0-9]$`)

// yamlText is a text as YAML: in quotes, as in JSON, unless it needs none. Blanks that
// look like a space are told apart.
func yamlText(text string) string {
	if plainYAML.MatchString(text) && !slices.Contains([]string{"true", "false", "yes", "no", "on", "off", "null"}, strings.ToLower(text)) {
		return text
	}
	var quoted bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a text can always be encoded
	return readers.Visible(strings.TrimSpace(quoted.String()))
}
