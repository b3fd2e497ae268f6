package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/avstam/avstam/calendar"
)

const secondsPerDay = 24 * 60 * 60

// MetricsBegin is how metrics.prom begins.
const MetricsBegin = "# HELP avstam_"

// metricsOf is a summary in Prometheus' text format, for the textfile collector
// of the node exporter. Everything is a gauge: each run replaces the last.
func metricsOf(s *Summary, closing *Closing) []byte {
	var b strings.Builder
	family := func(name, help string) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name)
	}
	family("avstam_records_read", "Rows that were read.")
	fmt.Fprintf(&b, "avstam_records_read %d\n", s.Records.Read.Rows)
	family("avstam_records", "Rows by what became of them.")
	for _, term := range []struct {
		name string
		rows int64
	}{{"clean", s.Records.Clean.Rows}, {"flagged", s.Records.Flagged.Rows}, {"rejected", s.Records.Rejected.Rows}} {
		fmt.Fprintf(&b, "avstam_records{outcome=%q} %d\n", term.name, term.rows)
	}
	family("avstam_rejected", "Rejected rows by reason.")
	for _, reason := range s.Rejected {
		fmt.Fprintf(&b, "avstam_rejected{reason=%q} %d\n", reason.Reason, reason.Rows)
	}
	family("avstam_findings", "Findings by rule.")
	for _, rule := range s.Rules {
		fmt.Fprintf(&b, "avstam_findings{rule=%q,severity=%q} %d\n", rule.Rule, rule.Severity, rule.Findings)
	}
	family("avstam_amount_ore", "What the records of findings amount to, in hundredths of the currency.")
	for _, rule := range s.Rules {
		for _, currency := range slices.Sorted(maps.Keys(rule.Amounts)) {
			fmt.Fprintf(&b, "avstam_amount_ore{rule=%q,severity=%q,currency=\"%s\"} %s\n",
				rule.Rule, rule.Severity, escapeLabel(currency), rule.Amounts[currency].Ore())
		}
	}
	if s.Baseline != nil {
		family("avstam_findings_by_state", "Findings by how they stand to the baseline.")
		for _, state := range s.Baseline.States() {
			fmt.Fprintf(&b, "avstam_findings_by_state{state=%q} %d\n", state.Name, state.Findings)
		}
		family("avstam_gone_findings", "Findings of the baseline that are gone.")
		for _, outcome := range s.Baseline.Gone() {
			fmt.Fprintf(&b, "avstam_gone_findings{outcome=%q} %d\n", outcome.Name, outcome.Findings)
		}
	}
	if len(s.Decisions) > 0 {
		family("avstam_decided_findings", "Findings that a decision is about.")
		for _, count := range s.Decisions {
			fmt.Fprintf(&b, "avstam_decided_findings{decision=%q,expired=\"false\"} %d\n", count.Decision, count.Findings-count.Expired)
			fmt.Fprintf(&b, "avstam_decided_findings{decision=%q,expired=\"true\"} %d\n", count.Decision, count.Expired)
		}
	}
	family("avstam_repeated_ids", "Findings whose id an earlier finding has.")
	fmt.Fprintf(&b, "avstam_repeated_ids %d\n", s.RepeatedIDs)
	if len(s.Notices) > 0 {
		family("avstam_notices", "What the run says of itself.")
		counts := map[string]int{}
		for _, notice := range s.Notices {
			counts[notice.Name]++
		}
		for _, name := range slices.Sorted(maps.Keys(counts)) {
			fmt.Fprintf(&b, "avstam_notices{name=%q} %d\n", name, counts[name])
		}
	}
	if day, ok := calendar.Parse([]byte(s.Register.ExtractDate)); ok {
		family("avstam_register_extract_timestamp_seconds", "The day of the register extract, as its midnight in UTC.")
		fmt.Fprintf(&b, "avstam_register_extract_timestamp_seconds %d\n", int64(day)*secondsPerDay)
	}
	family("avstam_run_timestamp_seconds", "When the run started.")
	fmt.Fprintf(&b, "avstam_run_timestamp_seconds %.3f\n", float64(closing.Started.UnixMilli())/1000)
	family("avstam_run_duration_seconds", "How long the run took.")
	fmt.Fprintf(&b, "avstam_run_duration_seconds %.3f\n", closing.Elapsed.Seconds())
	if closing.PeakMemory > 0 {
		family("avstam_run_peak_memory_bytes", "The largest resident memory of the run.")
		fmt.Fprintf(&b, "avstam_run_peak_memory_bytes %d\n", closing.PeakMemory)
	}
	return []byte(b.String())
}

// labelEscapes are those of the text format.
var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func escapeLabel(value string) string { return labelEscapes.Replace(value) }
