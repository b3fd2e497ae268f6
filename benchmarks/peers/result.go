package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// machine is what the race ran on.
type machine struct {
	Processor string
	Cores     int
	Memory    string
	Kernel    string
}

// thisMachine tells the machine from what Linux says of it; elsewhere less is known.
func thisMachine() machine {
	m := machine{Processor: runtime.GOARCH, Cores: runtime.NumCPU(), Memory: "unknown", Kernel: runtime.GOOS}
	if processor := field("/proc/cpuinfo", "model name"); processor != "" {
		m.Processor = processor
		if speed := field("/proc/cpuinfo", "cpu MHz"); speed != "" {
			m.Processor += ", " + speed + " MHz"
		}
	}
	var kibibytes int64
	if _, err := fmt.Sscanf(field("/proc/meminfo", "MemTotal"), "%d kB", &kibibytes); err == nil {
		m.Memory = fmt.Sprintf("%.0f GiB", float64(kibibytes)/(1<<20))
	}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = "Linux " + strings.TrimSpace(string(release))
	}
	return m
}

// field is the value of the first line "name : value" of a file.
func field(path, name string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if key, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// result is all that a section of RESULTS.md tells.
type result struct {
	Machine     machine
	Versions    [][2]string
	Date        time.Time
	Data        dataset
	Rounds      int
	Contestants []contestant
	Times       [][]usage // by contestant and round
	Found       counts
	Floors      []floor
	Parts       []figure
}

// String is the section in Markdown.
func (r result) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "## The race with its peers\n\nMade by `make peers`; %s explains it.\n\n", "[operations.md](../docs/operations.md#measuring)")
	fmt.Fprintf(&text, "%s · %s; %d processors, %s, %s.\n", r.Date.Format(time.DateOnly), r.Machine.Processor, r.Machine.Cores, r.Machine.Memory, r.Machine.Kernel)
	for i, version := range r.Versions {
		if i > 0 {
			text.WriteString(", ")
		}
		fmt.Fprintf(&text, "%s %s", version[0], version[1])
	}
	fmt.Fprintf(&text, ".\n%s records against a register of %s entries, all in the page cache; interleaved, rounds: %d.\n", thousands(r.Data.Records), thousands(r.Data.Entries), r.Rounds)
	fmt.Fprintf(&text, "The snapshot took %.2f s to build, once.\n\n", r.Data.Build.Seconds())

	fmt.Fprintf(&text, "All found the same: ")
	for i, rule := range slices.DeleteFunc(slices.Sorted(maps.Keys(r.Found)), func(rule string) bool { return rule == byLink }) {
		if i > 0 {
			text.WriteString(", ")
		}
		fmt.Fprintf(&text, "%s `%s`", thousands(r.Found[rule]), rule)
	}
	fmt.Fprintf(&text, `, and no other of the five
rules. avstam follows the register's links and so found %s more of `+"`deceased_payee`"+`, which is what the register has. It judged 19 more rules, summed
every öre, read its report back and made it durable; the others write a table of findings.

`, thousands(r.Found[byLink]))

	text.WriteString("| | records | register | rounds | seconds, median | least–most | processor seconds, median | memory at most |\n|---|---|---|--:|--:|--:|--:|--:|\n")
	for i, c := range r.Contestants {
		if len(r.Times[i]) == 0 {
			continue
		}
		wall := walls(r.Times[i])
		var processors []float64
		var peak int64
		for _, used := range r.Times[i] {
			processors = append(processors, used.CPU.Seconds())
			peak = max(peak, used.Peak)
		}
		fmt.Fprintf(&text, "| %s | %s | %s | %d | %.2f | %.2f–%.2f | %.2f | %d MiB |\n", c.Program, c.Records, c.Register, len(wall),
			median(wall), slices.Min(wall), slices.Max(wall), median(processors), peak>>20)
	}

	text.WriteString("\nHow many times as long as avstam the others took, by time on the wall and of processors: the medians of the ratios within a round, and the least and most of\nthem.\n\n")
	text.WriteString("| | records | against avstam with the | times as long | least–most | times the processors |\n|---|---|---|--:|--:|--:|\n")
	for i, peer := range r.Contestants {
		if !slices.Contains([]string{programDuckDB, programPlain, programPolars, programNaive}, peer.Program) {
			continue
		}
		for j, ours := range r.Contestants {
			if ours.Program != programAvstam || ours.Records != peer.Records {
				continue
			}
			wall := ratios(r.Times[i], r.Times[j], func(u usage) time.Duration { return u.Wall })
			processors := ratios(r.Times[i], r.Times[j], func(u usage) time.Duration { return u.CPU })
			if len(wall) == 0 {
				continue
			}
			fmt.Fprintf(&text, "| %s | %s | %s | %.2f | %.2f–%.2f | %.2f |\n", peer.Program, peer.Records, ours.Register, median(wall), slices.Min(wall), slices.Max(wall), median(processors))
		}
	}
	if noise := ratios(r.Times[1], r.Times[0], func(u usage) time.Duration { return u.Wall }); len(noise) > 0 {
		fmt.Fprintf(&text, "\nThe noise: the same command against itself took %.2f times as long (median), %.2f–%.2f in single rounds.\n", median(noise), slices.Min(noise), slices.Max(noise))
	}
	if len(r.Floors) > 0 {
		fmt.Fprintf(&text, "\nThe whole job beside its floor: the same columns decoded by the library and dropped, or the same bytes split into fields, by one worker (`BenchmarkJob`,\nmedians; runs in turn: %d).\n\n| | ns/record | times the floor |\n|---|--:|--:|\n", r.Rounds)
		for _, f := range r.Floors {
			fmt.Fprintf(&text, "| %s | %.1f | %.2f |\n", f.Name, f.Nanoseconds, f.Times)
		}
	}
	if worker := r.of(programWorker); worker != nil {
		scaling := ratios(worker, r.Times[0], func(u usage) time.Duration { return u.Wall })
		fmt.Fprintf(&text, "\nOne worker took %.2f times as long as two (median of the rounds, whole processes), %.2f–%.2f.\n", median(scaling), slices.Min(scaling), slices.Max(scaling))
	}
	if len(r.Parts) > 0 {
		writeParts(&text, r.Parts, r.Rounds)
	}
	return text.String()
}

// of are the times of a program; nil where it took no part.
func (r result) of(program string) []usage {
	for i, c := range r.Contestants {
		if c.Program == program {
			return r.Times[i]
		}
	}
	return nil
}

func walls(used []usage) []float64 {
	seconds := make([]float64, len(used))
	for i, u := range used {
		seconds[i] = u.Wall.Seconds()
	}
	return seconds
}

// ratios are a's times in b's, round by round, as far as both took part.
func ratios(a, b []usage, of func(usage) time.Duration) []float64 {
	var all []float64
	for round := range min(len(a), len(b)) {
		all = append(all, of(a[round]).Seconds()/of(b[round]).Seconds())
	}
	return all
}

// median of at least one value.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}

// thousands writes a count with commas.
func thousands(count int64) string {
	text := fmt.Sprint(count)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// rewrite puts a section between its marks in a file, at the end where the file
// has none yet, and leaves the rest of the file as it is.
func rewrite(path, name, section string) error {
	contents, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		contents = []byte("# Results\n\nMeasured, not copied by hand: each section is written by its own command.\n")
	} else if err != nil {
		return err
	}
	begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->\n"
	before, rest, has := strings.Cut(string(contents), begin)
	after := ""
	if has {
		var closed bool
		if _, after, closed = strings.Cut(rest, end); !closed {
			return fmt.Errorf("%s has the mark %q and not %q after it", path, strings.TrimSpace(begin), strings.TrimSpace(end))
		}
	} else {
		before += "\n"
	}
	return os.WriteFile(path, []byte(before+begin+section+end+after), 0o644)
}
