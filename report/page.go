package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/rules"
)

// Limits of the page; summary.json and manifest.json have all.
const (
	pageRows       = 50 // of a table
	pageMonths     = 60 // of a chart and its table
	pageCurrencies = 4
	pagePolicy     = 200 // lines
)

// page is what the template shows.
type page struct {
	Style              template.CSS
	StyleDigest        string
	Language           string
	Run                *Run
	Manifest           *Manifest
	Summary            *Summary
	Notices            []pageNotice
	HasOtherCurrencies bool

	Read, Flagged, Rejected *figure // records
	Share                   string  // flagged of read; empty where one of them is hidden
	MoneyChecked            []pageMoney
	Findings                *figure
	NewFindings             *figure // nil without a baseline
	Severities              []pageSeverity
	HighestRule             int64
	Silent, Idle            []rules.Texts // of rules without findings, and of those that had nothing to look for
	Explained               []pageRule    // rules with findings
	Directions, Agencies, PaymentTypes, Ages, Known, Confidence,
	Closed, Baseline, Decisions *pageTable // nil for none
	Months, Expiring *pageMonthly

	Files       []pageFile
	AllFiles    pageFile
	OtherFiles  int
	Reasons     *pageTable
	Repeated    *figure
	Checks      *pageTable
	Inputs      []Input
	OtherInputs int
	Policy      []string // lines
	OtherPolicy int
}

// pageMoney is what the records amount to in one currency, and what of that is
// in question.
type pageMoney struct {
	Currency                string
	Checked, InQuestion     string // rounded, for a heading
	CheckedSum, QuestionSum string
	Share                   string // empty where it says nothing
	IsCheckedHidden         bool
	IsHidden                bool // what is in question
}

// pageRule is a rule of the catalogue with its findings.
type pageRule struct {
	rules.Texts
	Name, Direction, Severity string
	Laws                      []rules.Law
	Figure                    *figure
}

// pageSeverity are the rules of one severity.
type pageSeverity struct {
	Name   string
	Figure *figure
	Rules  []pageRule
}

// pageTable is a table of figures.
type pageTable struct {
	ID, Title, Column, Unit string
	Rows                    []pageRow
	Total                   *figure // that shares are of; nil for none
	Others                  int     // rows not shown
	Highest                 int64
	HasNoMoney              bool
	IsBehindChart           bool
	Extra                   string // heading of Extra of rows; empty for none
}

// pageRow is one of its rows.
type pageRow struct {
	Name   string
	Figure *figure
	Extra  *figure
}

// pageMonthly is a chart of figures by month with its table.
type pageMonthly struct {
	Chart *columnChart
	Table *pageTable
}

// pageNotice is a notice, and how many records it is about, which a page that hides
// figures does not tell: they are some of those that are told of elsewhere, and what
// the others are could be had by subtraction. Uncounted stands in place of the text
// where Counted, which the text tells, is hidden.
type pageNotice struct {
	Text, Uncounted  string
	Records, Counted *figure
}

// pageFile is a line of the ledger.
type pageFile struct {
	Name                           string
	Read, Clean, Flagged, Rejected *figure
	// rest is what was read and is not flagged. Its money does not stand on the
	// page, but can be had by subtraction.
	rest *figure
}

// renderPage is report.html. It holds nothing of a single record: only what
// stands in the summary and the manifest, and of that no small figure.
func renderPage(run *Run, manifest *Manifest, summary *Summary) ([]byte, error) {
	language := newPageLanguage(run.Language)
	b := &pageBuilder{language: language, summary: summary, hide: &disclosure{limit: run.SuppressBelow}}
	b.page = page{
		Style: pageStyle, StyleDigest: pageStyleDigest, Language: language.code, Run: run, Manifest: manifest, Summary: summary,
	}
	b.chooseCurrencies()
	b.ledger()
	b.copies(manifest.Inputs)
	b.rules(run.Catalogue)
	b.distributions()
	b.cases()
	b.notices()
	b.register()
	b.hide.settle(b.currencies)
	language.hiddenCurrencies = b.Findings.hiddenAmount
	b.headline()
	b.charts()
	if err := b.provenance(manifest); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	page, err := parsePage(language)
	if err == nil {
		err = page.Execute(&text, &b.page)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", PageFile, err)
	}
	return text.Bytes(), nil
}

// pageBuilder puts the page together. Its steps add figures and what they sum up
// to; what is hidden is known, and may be asked for, after hide.settle.
type pageBuilder struct {
	page
	language   *pageLanguage
	summary    *Summary
	hide       *disclosure
	currencies []string
	ofFiles    [][5]*figure // of the ledger: read, clean, flagged, rejected and rest; those that are not on the page, too
}

// chooseCurrencies takes those with the most findings of this report; then come
// those of other records, and of what is gone.
func (b *pageBuilder) chooseCurrencies() {
	findings := map[string]int64{}
	for _, rule := range b.summary.Rules {
		for currency, n := range rule.byCurrency {
			findings[currency] += n
		}
	}
	for currency := range b.summary.Records.Read.byCurrency {
		findings[currency] += 0
	}
	if b.summary.Baseline != nil {
		for _, gone := range b.summary.Baseline.Gone() {
			for currency := range gone.byCurrency {
				findings[currency] += 0
			}
		}
	}
	b.currencies = slices.SortedFunc(maps.Keys(findings), func(x, y string) int {
		return cmp.Or(cmp.Compare(findings[y], findings[x]), strings.Compare(x, y))
	})
	b.HasOtherCurrencies = len(b.currencies) > pageCurrencies
	b.currencies = b.currencies[:min(len(b.currencies), pageCurrencies)]
	b.language.currencies = b.currencies
}

func (b *pageBuilder) count(count Count) *figure {
	return b.hide.add(&figure{count: count.Findings, amounts: count.Amounts, byCurrency: count.byCurrency})
}

// account is a term of the ledger.
func (b *pageBuilder) account(account *Account) *figure {
	return b.hide.add(&figure{count: account.Rows, amounts: account.Amounts, byCurrency: account.byCurrency})
}

func (b *pageBuilder) balance(name string, balance *Balance) pageFile {
	file := pageFile{
		Name: name, Read: b.account(&balance.Read), Clean: b.account(&balance.Clean),
		Flagged: b.account(&balance.Flagged), Rejected: b.account(&balance.Rejected),
		rest: b.hide.add(&figure{byCurrency: plus(balance.Clean, balance.Rejected).byCurrency}),
	}
	file.Flagged.isDear = true
	b.hide.sumOfCounts(file.Read, file.Clean, file.Flagged, file.Rejected)
	b.hide.sumOfMoney(file.Read, file.Flagged, file.rest)
	return file
}

// ledger adds what became of the records of each file.
func (b *pageBuilder) ledger() {
	b.AllFiles = b.balance("", &b.summary.Ledger.Total)
	b.Read, b.Flagged, b.Rejected = b.AllFiles.Read, b.AllFiles.Flagged, b.AllFiles.Rejected
	columns := [5][]*figure{}
	for i := range b.summary.Ledger.Files {
		ledger := &b.summary.Ledger.Files[i]
		file := b.balance(ledger.Source+": "+ledger.File, &ledger.Balance)
		ofFile := [5]*figure{file.Read, file.Clean, file.Flagged, file.Rejected, file.rest}
		b.ofFiles = append(b.ofFiles, ofFile)
		for column, f := range ofFile {
			columns[column] = append(columns[column], f)
			f.hidden = i >= pageRows
		}
		if i < pageRows {
			b.Files = append(b.Files, file)
		}
	}
	b.OtherFiles = len(b.summary.Ledger.Files) - len(b.Files)
	for column, total := range []*figure{b.AllFiles.Read, b.AllFiles.Clean, b.AllFiles.Flagged, b.AllFiles.Rejected} {
		b.hide.sum(total, columns[column]...)
	}
	b.hide.sumOfUnseen(b.AllFiles.rest, columns[4]...)
	b.Reasons = &pageTable{ID: "reasons", Title: "Rejected rows by reason", Column: "Reason", Unit: "Rows", HasNoMoney: true, Total: b.Rejected}
	var parts []*figure
	for _, reason := range b.summary.Rejected {
		f := b.hide.add(&figure{count: reason.Rows})
		parts = append(parts, f)
		b.Reasons.Rows = append(b.Reasons.Rows, pageRow{Name: b.language.word("reason", reason.Reason), Figure: f})
	}
	b.hide.sumOfCounts(b.Rejected, parts...)
	b.Repeated = b.hide.add(&figure{count: b.summary.RepeatedIDs})
}

// copies adds what files with the same bytes tell of each other: the page names them,
// and as many records were read of the one as of the other. What became of them may be
// the same, too.
func (b *pageBuilder) copies(inputs []Input) {
	earlier := map[string][5][]*figure{} // of the files with some contents, by column
	for i := range min(len(inputs), len(b.ofFiles)) {
		contents := inputs[i].Contents()
		if contents == "" {
			continue // nobody knows
		}
		columns := earlier[contents]
		for column, f := range b.ofFiles[i] {
			b.hide.same(f, columns[column])
			columns[column] = append(columns[column], f)
		}
		earlier[contents] = columns
	}
}

// rules adds the findings of each rule, of each severity, and of all.
func (b *pageBuilder) rules(catalogue []*rules.Rule) {
	var totals []*figure
	for _, severity := range []rules.Severity{rules.Error, rules.Warning, rules.Info} {
		group := pageSeverity{Name: severity.String()}
		var figures []*figure
		for _, count := range b.summary.Rules {
			if count.Severity != severity.String() {
				continue
			}
			i := slices.IndexFunc(catalogue, func(r *rules.Rule) bool { return r.Name == count.Rule })
			texts := catalogue[i].In(b.language.code)
			switch {
			case count.Findings > 0:
			case count.IsIdle:
				b.Idle = append(b.Idle, texts)
				continue
			default:
				b.Silent = append(b.Silent, texts)
				continue
			}
			f := b.count(Count{Findings: count.Findings, Amounts: count.Amounts, byCurrency: count.byCurrency})
			figures = append(figures, f)
			group.Rules = append(group.Rules, pageRule{
				Texts: texts, Name: count.Rule, Direction: count.Direction, Severity: count.Severity, Laws: catalogue[i].Laws, Figure: f,
			})
		}
		if len(group.Rules) > 0 {
			group.Figure = b.total(figures)
			totals = append(totals, group.Figure)
			b.Severities = append(b.Severities, group)
		}
	}
	b.Findings = b.total(totals)
	b.Findings.isDear = true
}

// total makes the figure that figures add up to.
func (b *pageBuilder) total(figures []*figure) *figure {
	total := &figure{amounts: map[string]pipeline.Sum{}, byCurrency: map[string]int64{}}
	for _, f := range figures {
		total.count += f.count
		addAmounts(total.amounts, f.amounts)
		for currency, n := range f.byCurrency {
			total.byCurrency[currency] += n
		}
	}
	b.hide.add(total)
	b.hide.sum(total, figures...)
	return total
}

// distribution is a table of the values of a column, all findings being one of
// them: the most frequent first, unless their order is a given one.
func (b *pageBuilder) distribution(table pageTable, counts []Count, total *figure, isOrdered bool, name func(string) string) *pageTable {
	table.Total = total
	var parts []*figure
	for _, count := range counts {
		f := b.count(count)
		parts = append(parts, f)
		table.Rows = append(table.Rows, pageRow{Name: name(count.Name), Figure: f})
	}
	b.hide.sum(total, parts...)
	if !isOrdered {
		slices.SortStableFunc(table.Rows, func(x, y pageRow) int { return cmp.Compare(y.Figure.count, x.Figure.count) })
	}
	for _, row := range table.Rows[min(len(table.Rows), pageRows):] {
		row.Figure.hidden = true
	}
	table.Others = max(0, len(table.Rows)-pageRows)
	table.Rows = table.Rows[:len(table.Rows)-table.Others]
	return &table
}

func (b *pageBuilder) words(kind string) func(string) string {
	return func(code string) string { return b.language.word(kind, code) }
}

// distributions add the findings by all that they are told apart by.
func (b *pageBuilder) distributions() {
	s := b.summary
	given := func(name string) string {
		if name == "" {
			return b.language.text("not stated")
		}
		return shown(name, longName)
	}
	b.Agencies = b.distribution(pageTable{ID: "agencies", Title: "By agency", Column: "Agency"}, s.Agencies, b.Findings, false, given)
	b.PaymentTypes = b.distribution(pageTable{ID: "payment-types", Title: "By payment type", Column: "Payment type"}, s.PaymentTypes, b.Findings, false, given)
	b.Ages = b.distribution(pageTable{ID: "ages", Title: "How long the status had been in force", Column: "At the payment"}, s.StatusAges, b.Findings, true, b.words("age"))
	b.Known = b.distribution(pageTable{ID: "known", Title: "Whether the register told of it in time", Column: "On the payment date"}, s.KnownAtPayment, b.Findings, true, b.words("known"))
	b.Confidence = b.distribution(pageTable{ID: "confidence", Title: "How certain", Column: "Confidence"}, s.Confidence, b.Findings, true, b.words("confidence"))
	b.directions()
	b.Months = &pageMonthly{Table: b.monthly(pageTable{ID: "months", Title: "Findings by month of payment", Column: "Month"}, s.Months, len(s.Months)-pageMonths, b.Findings)}
	if f := b.ofRule("expiring_number"); f != nil {
		b.Expiring = &pageMonthly{Table: b.monthly(pageTable{ID: "expiring", Title: "Payments to numbers about to become inactive, by their last month", Column: "Last month"}, s.ExpiringMonths, 0, f)}
	}
	if f := b.ofRule("closed_number"); f != nil {
		b.Closed = b.distribution(pageTable{ID: "closed", Title: "Where closed numbers lead", Column: "Next step"}, s.ClosedNumbers, f, true, b.words("closed"))
	}
}

// monthly is a distribution by month, of which pageMonths are shown.
func (b *pageBuilder) monthly(table pageTable, counts []Count, first int, total *figure) *pageTable {
	first = max(0, first)
	table.Total = total
	var parts []*figure
	for i, count := range counts {
		f := b.count(count)
		parts = append(parts, f)
		if f.hidden = i < first || i >= first+pageMonths; !f.hidden {
			table.Rows = append(table.Rows, pageRow{Name: count.Name, Figure: f})
		}
	}
	table.Others = len(counts) - len(table.Rows)
	b.hide.sum(total, parts...)
	return &table
}

// eachRule calls use with every rule that has findings.
func (b *pageBuilder) eachRule(use func(*pageRule)) {
	for i := range b.Severities {
		for j := range b.Severities[i].Rules {
			use(&b.Severities[i].Rules[j])
		}
	}
}

// ofRule are the findings of a rule; nil for none.
func (b *pageBuilder) ofRule(name string) (found *figure) {
	b.eachRule(func(rule *pageRule) {
		if rule.Name == name {
			found = rule.Figure
		}
	})
	return found
}

// directions adds who should act, which follows from the rules.
func (b *pageBuilder) directions() {
	b.Directions = b.distribution(pageTable{ID: "directions", Title: "Who should act", Column: "Next step"}, b.summary.Directions, b.Findings, true, b.words("direction"))
	// What a severity has of a direction does not stand on the page, but can be had by
	// subtraction: of a severity whose other rules all have another direction.
	ofSeverity := make([][]*figure, len(b.Severities))
	for i, count := range b.summary.Directions {
		var ofDirection []*figure
		for j := range b.Severities {
			var parts []*figure
			for _, rule := range b.Severities[j].Rules {
				if rule.Direction == count.Name {
					parts = append(parts, rule.Figure)
				}
			}
			both := b.total(parts)
			both.isUnseen = true
			ofDirection = append(ofDirection, both)
			ofSeverity[j] = append(ofSeverity[j], both)
		}
		b.hide.sum(b.Directions.Rows[i].Figure, ofDirection...)
	}
	together := []*figure{b.Findings}
	for j := range b.Severities {
		b.hide.sum(b.Severities[j].Figure, ofSeverity[j]...)
		together = append(together, b.Severities[j].Figure)
		together = append(together, ofSeverity[j]...)
	}
	b.eachRule(func(rule *pageRule) { together = append(together, rule.Figure) })
	var yielding []*figure
	for _, row := range b.Directions.Rows {
		yielding = append(yielding, row.Figure)
	}
	b.hide.together, b.hide.yielding = append(together, yielding...), yielding
}

// cases adds what a baseline and decisions say of the findings.
func (b *pageBuilder) cases() {
	if s := b.summary.Baseline; s != nil {
		b.Baseline = &pageTable{ID: "baseline", Title: "Beside the earlier report", Column: "State"}
		var parts []*figure
		for _, row := range []struct {
			name  string
			count CaseCount
			ours  bool
		}{{"new", s.New, true}, {"persisting", s.Persisting, true}, {"returned", s.Returned, true}, {"resolved", s.Resolved, false}, {"not_read", s.NotRead, false}} {
			f := b.count(row.count.named(row.name))
			if row.ours {
				parts = append(parts, f)
			}
			b.Baseline.Rows = append(b.Baseline.Rows, pageRow{Name: b.language.word("state", row.name), Figure: f})
		}
		if s.Unknown != nil {
			b.Baseline.Rows = append(b.Baseline.Rows, pageRow{Name: b.language.word("state", "unknown"), Figure: b.count(s.Unknown.named("unknown"))})
		}
		b.hide.sum(b.Findings, parts...)
		b.NewFindings = parts[0]
		b.NewFindings.isDear = true
	}
	if len(b.summary.Decisions) > 0 {
		b.Decisions = &pageTable{ID: "decisions", Title: "Decisions", Column: "Decision", Extra: "Of them expired"}
		// Findings without a decision do not stand on the page, but can be had by subtraction.
		undecided := b.hide.add(&figure{count: b.Findings.count, byCurrency: maps.Clone(b.Findings.byCurrency), isUnseen: true})
		parts := []*figure{undecided}
		for _, decision := range b.summary.Decisions {
			f, expired := b.count(decision.named(decision.Decision)), b.hide.add(&figure{count: decision.Expired})
			b.Decisions.Rows = append(b.Decisions.Rows, pageRow{Name: b.language.word("decision", decision.Decision), Figure: f, Extra: expired})
			// The rest does not stand on the page, but can be had by subtraction.
			b.hide.sumOfCounts(f, expired, b.hide.add(&figure{count: decision.Findings - decision.Expired}))
			parts = append(parts, f)
			undecided.count -= f.count
			for currency, n := range f.byCurrency {
				undecided.byCurrency[currency] -= n
			}
		}
		b.hide.sum(b.Findings, parts...)
	}
}

// notices adds what the reader should know of the run.
func (b *pageBuilder) notices() {
	for i := range b.summary.Notices {
		notice := &b.summary.Notices[i]
		text, uncounted := notice.Text, notice.Uncounted
		if b.language.code == rules.Swedish && notice.Swedish != "" {
			text, uncounted = notice.Swedish, notice.UncountedSwedish
		}
		b.Notices = append(b.Notices, pageNotice{
			Text: shown(text, longText), Uncounted: shown(uncounted, longText),
			Records: b.hide.add(&figure{count: notice.Records, hidden: b.hide.limit > 1}),
			Counted: b.hide.add(&figure{count: notice.Counted}),
		})
	}
}

// register adds the inconsistencies of the register.
func (b *pageBuilder) register() {
	if b.summary.Register.Checks == nil {
		return
	}
	b.Checks = &pageTable{ID: "checks", Title: "Inconsistencies in the extract", Column: "Inconsistency", Unit: "Entries", HasNoMoney: true}
	for _, fault := range b.summary.Register.Checks.Inconsistencies {
		name := b.language.word("check", fault.Name)
		if fault.AtLeast {
			name += b.language.text(" (at least)")
		}
		b.Checks.Rows = append(b.Checks.Rows, pageRow{Name: name, Figure: b.hide.add(&figure{count: fault.Count})})
	}
}

// headline is what the page says first.
func (b *pageBuilder) headline() {
	l := b.language
	if !b.Read.hidden && !b.Flagged.hidden {
		b.Share = l.share(b.Flagged.count, b.Read.count)
	}
	for _, currency := range b.currencies {
		if b.Read.byCurrency[currency] == 0 {
			continue
		}
		checked, flagged := b.Read.amounts[currency], b.Flagged.amounts[currency]
		money := pageMoney{
			Currency: shown(currency, shortName), Checked: l.rounded(checked, currency), CheckedSum: l.money(checked, currency),
			InQuestion: l.rounded(flagged, currency), QuestionSum: l.money(flagged, currency),
			IsCheckedHidden: b.Read.hiddenAmount[currency], IsHidden: b.Flagged.hiddenAmount[currency],
		}
		if money.IsCheckedHidden && (money.IsHidden || b.Flagged.byCurrency[currency] == 0) {
			continue
		}
		if !money.IsCheckedHidden && !money.IsHidden {
			money.Share = l.shareOfSum(flagged, checked)
		}
		b.MoneyChecked = append(b.MoneyChecked, money)
	}
}

// charts finishes the tables, of which it is now known what they show.
func (b *pageBuilder) charts() {
	highest := func(high int64, f *figure) int64 {
		if f.hidden {
			return high
		}
		return max(high, f.count)
	}
	b.eachRule(func(rule *pageRule) {
		b.HighestRule = highest(b.HighestRule, rule.Figure)
		b.Explained = append(b.Explained, *rule)
	})
	for _, severity := range b.Severities {
		hiddenLast(severity.Rules, func(rule pageRule) (*figure, string) { return rule.Figure, rule.Name })
	}
	for _, table := range []*pageTable{b.Agencies, b.PaymentTypes} {
		hiddenLast(table.Rows, func(row pageRow) (*figure, string) { return row.Figure, row.Name })
	}
	tables := []*pageTable{b.Directions, b.Agencies, b.PaymentTypes, b.Ages, b.Known, b.Confidence, b.Closed, b.Baseline}
	for _, table := range tables {
		if table == nil {
			continue
		}
		for _, row := range table.Rows {
			table.Highest = highest(table.Highest, row.Figure)
		}
	}
	for _, monthly := range []*pageMonthly{b.Months, b.Expiring} {
		if monthly != nil {
			monthly.Chart = b.language.columnChart(monthly.Table)
			monthly.Table.IsBehindChart = monthly.Chart != nil
		}
	}
}

// hiddenLast brings the most frequent rows first and hidden ones last, by name:
// their place must not tell how many they are.
func hiddenLast[Row any](rows []Row, of func(Row) (*figure, string)) {
	slices.SortStableFunc(rows, func(x, y Row) int {
		f, name := of(x)
		g, otherName := of(y)
		switch {
		case f.hidden && g.hidden:
			return strings.Compare(name, otherName)
		case f.hidden:
			return 1
		case g.hidden:
			return -1
		}
		return cmp.Compare(g.count, f.count)
	})
}

// provenance is what the report was made from.
func (b *pageBuilder) provenance(manifest *Manifest) error {
	b.Inputs = manifest.Inputs[:min(len(manifest.Inputs), pageRows)]
	b.OtherInputs = len(manifest.Inputs) - len(b.Inputs)
	policy, err := json.MarshalIndent(manifest.policySettings, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", PageFile, err)
	}
	lines := strings.Split(string(policy), "\n")
	for _, line := range lines[:min(len(lines), pagePolicy)] {
		b.Policy = append(b.Policy, shown(line, longText))
	}
	b.OtherPolicy = len(lines) - len(b.Policy)
	return nil
}
