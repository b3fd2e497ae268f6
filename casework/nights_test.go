package casework_test

import (
	"encoding/csv"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/synth"
	"github.com/stretchr/testify/require"
)

// Fifty nights of a small agency, made by one seed: payments come and leave the
// window that is delivered, records are corrected, rows are damaged for a night,
// the register changes its mind, case workers decide and their decisions expire.
// The world below knows what each night's findings are and what became of those
// of the night before, without asking a rule; each report is compared with it
// finding by finding.
func TestFiftyNights(t *testing.T) {
	for i, test := range []struct {
		why    string
		seed   uint64
		masked bool
		// Where records have ids, a baseline without a history tells as much.
		firstNights int // without a baseline
	}{
		{"a history from the first night", 1, false, 0},
		{"masked reports", 2, true, 0},
		{"the first report knew nothing of baselines", 3, false, 1},
	} {
		if testing.Short() && i > 0 {
			break
		}
		t.Run(test.why, func(t *testing.T) {
			w := newWorld(t, test.seed)
			seen := map[string]int{}
			for night := range 50 {
				w.night = night
				w.asOf += calendar.Day(1 + night%3)
				if night == 35 {
					w.asOf += 420 // beyond the time that findings are remembered
				}
				w.live()
				w.deliver()
				want := w.findings()
				result := w.run(test.masked, night >= test.firstNights)
				if night < test.firstNights {
					w.remember(want)
					w.learnIDs(result.Folder)
					continue
				}
				w.compare(result, want, test.masked, seen)
				w.decide(want)
			}
			for _, what := range []string{"new", "persisting", "returned", "resolved", "not_read", "decided", "expired", "unmatched", "forgotten", "excused", "copies"} {
				require.Positive(t, seen[what], "the nights had no finding that is %s", what)
			}
		})
	}
}

// life is what the register says of a person, night by night.
type life uint8

const (
	plain life = iota
	inactive
	unknown
	dead
	closed // in favour of the next person of the list, who is plain
	lives
)

type person struct {
	number string
	life   life
	told   bool // the register says so tonight
}

type payment struct {
	source    string // "fk" has record ids, "csn" has none
	record    string
	person    int
	malformed bool // the check digit is wrong
	day       calendar.Day
	ore       int
	until     int // the first night on which it is no longer delivered
	copies    int // of a record without an id
	damaged   bool
	kind      string
}

// finding is what the world calls a finding. Record is the record's id, or all
// that it says.
type finding struct {
	rule, source, record string
	occurrence           int
}

type memory struct {
	first, last calendar.Day
	times       int
	gone        calendar.Day // Missing while it is there
}

type decision struct {
	id           string // or
	number, rule string
	decision     string
	until        calendar.Day
}

type delivered struct {
	payment *payment
	number  string
}

type world struct {
	t         *testing.T
	random    *rand.Rand
	folder    string
	night     int
	asOf      calendar.Day
	people    []person
	payments  []*payment
	made      int
	input     []delivered // tonight's records in their order
	files     map[string][]string
	known     map[finding]*memory
	ids       map[finding]string
	findingOf map[string]finding
	numberOf  map[finding]string
	decisions []decision
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		t: t, random: rand.New(rand.NewPCG(seed, 50)), folder: t.TempDir(), asOf: calendar.Of(2025, 11, 1),
		known: map[finding]*memory{}, ids: map[finding]string{}, findingOf: map[string]finding{}, numberOf: map[finding]string{},
	}
	for i, number := range madeUpNumbers(t, seed, 60) {
		w.people = append(w.people, person{number: number, life: life(i) % lives, told: i%2 == 0})
	}
	return w
}

// madeUpNumbers are personal numbers of people born in the last century.
func madeUpNumbers(t *testing.T, seed uint64, count int) []string {
	dataset, err := synth.New(synth.Options{Records: 1000, People: int64(10 * count), Seed: seed})
	require.NoError(t, err)
	folder := filepath.Join(t.TempDir(), "people")
	_, err = dataset.WriteFolder(t.Context(), folder, []string{"csv"})
	require.NoError(t, err)
	file, err := os.Open(filepath.Join(folder, "register.csv"))
	require.NoError(t, err)
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	column := slices.Index(lines[0], "number")
	var numbers []string
	for _, line := range lines[1:] {
		number := line[column]
		if isPersonal := number[6:8] < "32"; isPersonal && number[:2] == "19" && !slices.Contains(numbers, number) && len(numbers) < count {
			numbers = append(numbers, number)
		}
	}
	require.Len(t, numbers, count)
	return numbers
}

func (w *world) chance(share float64) bool { return w.random.Float64() < share }

// live lets a day pass.
func (w *world) live() {
	for i := range w.people {
		if w.chance(0.1) {
			w.people[i].told = !w.people[i].told
		}
	}
	w.payments = slices.DeleteFunc(w.payments, func(p *payment) bool { return p.until <= w.night })
	for _, p := range w.payments {
		p.damaged = w.chance(0.03)
		if p.malformed && w.chance(0.2) {
			p.malformed = false // the record is corrected
		}
		if p.source == "csn" && w.chance(0.1) {
			p.copies = 1 + w.random.IntN(3)
		}
	}
	for range 25 {
		w.made++
		p := &payment{
			source: []string{"fk", "csn"}[w.random.IntN(2)], person: w.random.IntN(len(w.people)), malformed: w.chance(0.1),
			day: calendar.Of(2025, 1+w.random.IntN(3), 1+w.random.IntN(28)), ore: w.random.IntN(50000) * 100, until: w.night + 1 + w.random.IntN(12), copies: 1,
			kind: []string{"pension", "bidrag"}[w.random.IntN(2)],
		}
		if p.source == "fk" {
			p.record = fmt.Sprintf("R%06d", w.made)
		}
		if w.chance(0.2) && len(w.payments) > 0 { // the same once more
			like := w.payments[w.random.IntN(len(w.payments))]
			p.person, p.day, p.ore, p.kind, p.malformed = like.person, like.day, like.ore, like.kind, false
		}
		w.payments = append(w.payments, p)
	}
}

// deliver writes tonight's files: the rows in another order every night, in
// files of other names.
func (w *world) deliver() {
	w.input, w.files = nil, map[string][]string{}
	folder := filepath.Join(w.folder, fmt.Sprint("in", w.night))
	require.NoError(w.t, os.MkdirAll(folder, 0o700))
	w.random.Shuffle(len(w.payments), func(i, j int) { w.payments[i], w.payments[j] = w.payments[j], w.payments[i] })
	for _, source := range []string{"fk", "csn"} {
		header := "identity_number,payment_date,amount,agency,payment_type"
		if source == "fk" {
			header += ",record_id"
		}
		for part := range 3 {
			text := header + "\n"
			for i, p := range w.payments {
				if p.source != source || i%3 != part {
					continue
				}
				number := w.people[p.person].number
				if p.malformed {
					number = number[:11] + strconv.Itoa((int(number[11]-'0')+1)%10)
				}
				amount := fmt.Sprintf("%d.%02d", p.ore/100, p.ore%100)
				if p.damaged {
					amount = "x"
				}
				for range p.copies {
					text += fmt.Sprintf("%s,%s,%s,%s,%s", number, p.day, amount, source, p.kind)
					if source == "fk" {
						text += "," + p.record
					}
					text += "\n"
					if !p.damaged {
						w.input = append(w.input, delivered{p, number})
					}
				}
			}
			path := filepath.Join(folder, fmt.Sprintf("%s-%d-%d.csv", source, part, w.random.IntN(1000)))
			require.NoError(w.t, os.WriteFile(path, []byte(text), 0o600))
			w.files[source] = append(w.files[source], path)
		}
	}
	text := "number,status,status_from,status_reason,linked_number,deceased_on\n"
	for i, p := range w.people {
		switch {
		case !p.told || p.life == plain:
			if p.life == unknown {
				continue
			}
			text += p.number + ",active,2000-01-01,,,\n"
		case p.life == unknown:
			text += p.number + ",active,2000-01-01,,,\n"
		case p.life == inactive:
			text += p.number + ",inactive,2025-02-01,,,\n" + p.number + ",active,2000-01-01,,,\n"
		case p.life == dead:
			text += p.number + ",deregistered,2025-02-10,AV,,2025-02-10\n" + p.number + ",active,2000-01-01,,,\n"
		case p.life == closed:
			text += p.number + ",closed,2024-01-01,," + w.people[(i+1)%len(w.people)].number + ",\n"
		}
	}
	require.NoError(w.t, os.WriteFile(filepath.Join(w.folder, "register.csv"), []byte(text), 0o600))
}

// findings are tonight's, in words of the world.
func (w *world) findings() map[finding]delivered {
	found := map[finding]delivered{}
	add := func(rule string, d delivered) {
		f := finding{rule: rule, source: d.payment.source, record: contentOf(d), occurrence: 1}
		if d.payment.record != "" {
			f.record = d.payment.record
		}
		for _, again := found[f]; again; _, again = found[f] {
			f.occurrence++
		}
		found[f] = d
	}
	payee := func(d delivered) string {
		p := w.people[d.payment.person]
		if p.life == closed && p.told {
			return w.people[(d.payment.person+1)%len(w.people)].number
		}
		return p.number
	}
	numbers := map[string]map[string]bool{}
	month := func(d delivered) string { return fmt.Sprint(payee(d), d.payment.day.Month(), d.payment.kind) }
	for _, d := range w.input {
		p := w.people[d.payment.person]
		if d.payment.malformed {
			add("malformed_number", d)
			continue
		}
		switch day := d.payment.day; {
		case p.life == unknown && !p.told:
			add("unknown_number", d)
			continue
		case p.life == inactive && p.told && day >= calendar.Of(2025, 2, 1):
			add("inactive_number", d)
		case p.life == dead && p.told && day > calendar.Of(2025, 2, 10):
			add("deceased_payee", d)
		case p.life == closed && p.told:
			add("closed_number", d)
		}
		if numbers[month(d)] == nil {
			numbers[month(d)] = map[string]bool{}
		}
		numbers[month(d)][d.number] = true
	}
	paid := map[string]bool{}
	for _, d := range w.input {
		if d.payment.malformed {
			continue
		}
		if len(numbers[month(d)]) > 1 {
			add("paid_under_two_numbers", d)
		}
		same := fmt.Sprint(d.payment.source, d.payment.kind, payee(d), d.payment.day, d.payment.ore)
		if paid[same] {
			add("duplicate_payment", d)
		}
		paid[same] = true
	}
	return found
}

func contentOf(d delivered) string {
	return fmt.Sprintf("%s %s %d %s", d.number, d.payment.day, d.payment.ore, d.payment.kind)
}

func (w *world) run(masked, baseline bool) *job.Result {
	policy := rules.DefaultPolicy()
	policy.Severities = map[string]rules.Severity{"duplicate_payment": rules.Warning}
	settings := job.Settings{
		Register: job.Register{Extract: readers.Source{Name: "register", Files: []string{filepath.Join(w.folder, "register.csv")}}},
		Policy:   policy, Workers: 1 + w.night%3, AsOf: w.asOf, Version: "test", Digest: true,
		MaxRejects: job.Limit{Share: 1, IsShare: true}, FailOn: []job.Threshold{{Severity: rules.Error, Limit: job.Limit{Rows: 20}}},
		Output: job.Output{Folder: filepath.Join(w.folder, "out"), Parquet: true, CSV: true, HTML: true, Masked: masked},
		Now:    func() time.Time { return time.Date(2025, 11, 1, 0, w.night, 0, 0, time.UTC) },
	}
	for _, source := range []string{"fk", "csn"} {
		settings.Sources = append(settings.Sources, readers.Source{Name: source, Files: w.files[source]})
		settings.Expect = append(settings.Expect, job.Expect{})
	}
	if baseline {
		settings.Baseline = job.Latest
	}
	if len(w.decisions) > 0 {
		settings.Decisions = filepath.Join(w.folder, "decisions.csv")
		text := "finding_id,number,rule,decision,until,by,note\n"
		for _, d := range w.decisions {
			until := ""
			if d.until != calendar.Missing {
				until = d.until.String()
			}
			text += fmt.Sprintf("%s,%s,%s,%s,%s,anna,\"seen; \"\"twice\"\", no more\"\n", d.id, d.number, d.rule, d.decision, until)
		}
		require.NoError(w.t, os.WriteFile(settings.Decisions, []byte(text), 0o600))
	}
	result, err := job.Run(w.t.Context(), settings)
	require.NoError(w.t, err, "night %d", w.night)
	return result
}

// remember takes tonight's findings for the first that are known.
func (w *world) remember(want map[finding]delivered) {
	for f := range want {
		w.known[f] = &memory{first: w.asOf, last: w.asOf, times: 1, gone: calendar.Missing}
	}
}

// table reads a table of a report in CSV.
func (w *world) table(folder, name string) []map[string]string {
	file, err := os.Open(filepath.Join(folder, name))
	require.NoError(w.t, err)
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	require.NoError(w.t, err)
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// learnIDs finds out which id each finding has: it must be the one that it had on
// earlier nights, wherever its row and its file are now. Records without an id are
// looked up in the delivery: a masked report does not tell them.
func (w *world) learnIDs(folder string) map[finding]map[string]string {
	rows := map[finding]map[string]string{}
	for _, row := range w.table(folder, "findings.csv") {
		f := finding{rule: row["rule"], source: row["source"], record: row["record_id"], occurrence: 1}
		if f.record == "" {
			f.record = w.contentAt(row["file"], row["row"])
		}
		for rows[f] != nil {
			f.occurrence++
		}
		rows[f] = row
		if id, ok := w.ids[f]; ok {
			require.Equal(w.t, id, row["finding_id"], "night %d: the id of %v", w.night, f.rule)
		}
		w.ids[f], w.findingOf[row["finding_id"]] = row["finding_id"], f
	}
	return rows
}

// contentAt is the content of a row that was delivered tonight.
func (w *world) contentAt(path, row string) string {
	contents, err := os.ReadFile(path)
	require.NoError(w.t, err)
	place, err := strconv.Atoi(row)
	require.NoError(w.t, err)
	cells := strings.Split(strings.Split(string(contents), "\n")[place], ",")
	return fmt.Sprintf("%s %s %s %s", cells[0], cells[1], strings.TrimLeft(strings.Replace(cells[2], ".", "", 1), "0"), cells[4])
}

func (w *world) compare(result *job.Result, want map[finding]delivered, masked bool, seen map[string]int) {
	t := w.t
	rows := w.learnIDs(result.Folder)
	require.ElementsMatch(t, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(rows)), "night %d: the findings", w.night)

	states, effects, excused, errors := map[string]int64{}, map[string][2]int64{}, int64(0), int64(0)
	matched := map[int]bool{}
	for f, d := range want {
		state := "new"
		m := w.known[f]
		switch {
		case m == nil:
			m = &memory{first: w.asOf}
			w.known[f] = m
		case m.gone == calendar.Missing:
			state = "persisting"
		case w.asOf-m.gone > 400:
			seen["forgotten"]++
			*m = memory{first: w.asOf}
		default:
			state = "returned"
		}
		m.last, m.times, m.gone = w.asOf, m.times+1, calendar.Missing
		states[state]++
		seen[state]++
		if f.occurrence > 1 {
			seen["copies"]++
		}
		row := rows[f]
		require.Equal(t, state, row["state"], "night %d: %s", w.night, f.rule)
		require.Equal(t, m.first.String(), row["first_seen"], "night %d: %s", w.night, f.rule)
		require.Equal(t, strconv.Itoa(m.times), row["times_seen"], "night %d: %s", w.night, f.rule)

		// The last decision about the finding, else about its number and rule.
		byID, byNumber := -1, -1
		for i, decided := range w.decisions {
			if decided.id != "" && decided.id == row["finding_id"] {
				byID = i
			}
			if decided.id == "" && decided.number == d.number && decided.rule == f.rule {
				byNumber = i
			}
		}
		matched[byID], matched[byNumber] = true, true
		if byID < 0 {
			byID = byNumber
		}
		word, until := "", ""
		isError := row["severity"] == "error"
		if byID >= 0 {
			decided := w.decisions[byID]
			word = decided.decision
			if decided.until != calendar.Missing {
				until = decided.until.String()
			}
			effect := effects[word]
			if decided.until != calendar.Missing && decided.until < w.asOf {
				effect[1]++
				seen["expired"]++
			} else {
				effect[0]++
				seen["decided"]++
				if isError && (word == "lawful" || word == "corrected") {
					excused++
					seen["excused"]++
				}
			}
			effects[word] = effect
		}
		if isError {
			errors++
		}
		require.Equal(t, word, row["decision"], "night %d: %s", w.night, f.rule)
		require.Equal(t, until, row["decision_until"], "night %d: %s", w.night, f.rule)
	}
	require.Equal(t, errors-excused > 20, len(result.Passed) > 0, "night %d: %d errors, of which %d do not count", w.night, errors, excused)

	// What is gone.
	read := map[string]int{}
	for _, d := range w.input {
		if d.payment.record != "" {
			read["fk "+d.payment.record]++
		} else {
			read["csn "+contentOf(d)]++
		}
	}
	wantGone := map[string]string{}
	outcomes := map[string]int64{}
	for f, m := range w.known {
		if _, there := want[f]; there || m.gone != calendar.Missing {
			continue
		}
		m.gone = w.asOf
		outcome := "not_read"
		if read[f.source+" "+f.record] >= f.occurrence {
			outcome = "resolved"
		}
		wantGone[w.ids[f]] = fmt.Sprintf("%s %s first %s last %s times %d", outcome, f.rule, m.first, m.last, m.times)
		outcomes[outcome]++
		seen[outcome]++
	}
	gone := map[string]string{}
	for _, row := range w.table(result.Folder, "resolved.csv") {
		gone[row["finding_id"]] = fmt.Sprintf("%s %s first %s last %s times %s", row["outcome"], row["rule"], row["first_seen"], row["last_seen"], row["times_seen"])
		require.Equal(t, w.findingOf[row["finding_id"]].source, row["source"])
		if masked {
			require.NotRegexp(t, `\d{6}`, row["number"]+" "+row["identity_number"], "a masked report")
		}
	}
	require.Equal(t, wantGone, gone, "night %d: what is gone", w.night)

	// The summary says the same.
	counts := func(list []report.Count) map[string]int64 {
		counts := map[string]int64{}
		for _, count := range list {
			if count.Findings > 0 {
				counts[count.Name] = count.Findings
			}
		}
		return counts
	}
	if b := result.Summary.Baseline; b != nil {
		require.Equal(t, states, counts(b.States()), "night %d", w.night)
		require.Equal(t, outcomes, counts(b.Gone()), "night %d", w.night)
	} else {
		require.Zero(t, w.night, "only the first night has nothing to compare with")
	}
	decided := map[string][2]int64{}
	for _, count := range result.Summary.Decisions {
		if effect := [2]int64{count.Findings - count.Expired, count.Expired}; effect != [2]int64{} {
			decided[count.Decision] = effect
		}
	}
	require.Equal(t, effects, decided, "night %d", w.night)

	// Of decisions about the same, the last stands; those about nothing are told.
	var unmatched []string
	for i, d := range w.decisions {
		isLast := !slices.ContainsFunc(w.decisions[i+1:], func(other decision) bool {
			return d.id == other.id && d.number == other.number && d.rule == other.rule
		})
		if isLast && !matched[i] {
			unmatched = append(unmatched, strconv.Itoa(i+1))
		}
	}
	seen["unmatched"] += len(unmatched)
	told := ""
	for _, notice := range result.Summary.Notices {
		if notice.Name == "decisions_unmatched" {
			told = notice.Text
		}
	}
	if len(unmatched) == 0 {
		require.Empty(t, told)
	} else {
		require.Contains(t, told, fmt.Sprintf("%d of the decisions in ", len(unmatched)))
		row := ": rows "
		if len(unmatched) == 1 {
			row = ": row "
		}
		require.Contains(t, told, row+strings.Join(unmatched[:min(20, len(unmatched))], ", "))
	}
	differences, _, err := report.Verify(t.Context(), result.Folder, false)
	require.NoError(t, err)
	require.Empty(t, differences, "night %d", w.night)
}

// decide has case workers decide some of tonight's findings.
func (w *world) decide(found map[finding]delivered) {
	order := slices.SortedFunc(maps.Keys(found), func(a, b finding) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	words := report.Decisions()
	for range min(3, len(order)) {
		f := order[w.random.IntN(len(order))]
		d := decision{decision: words[w.random.IntN(len(words))].String(), until: calendar.Missing}
		if w.chance(0.7) {
			d.until = w.asOf + calendar.Day(w.random.IntN(10))
		}
		if f.rule != "malformed_number" && w.chance(0.5) {
			d.number, d.rule = found[f].number, f.rule
		} else {
			d.id = w.ids[f]
		}
		w.decisions = append(w.decisions, d)
	}
}
