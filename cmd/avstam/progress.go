package main

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/rules"
)

const (
	lineEvery = 30 * time.Second       // of progress where there is no terminal
	drawEvery = 150 * time.Millisecond // of the bar
	barWidth  = 40                     // characters
)

// progress shows on standard error how far a run has come.
type progress struct {
	mutex sync.Mutex
	last  job.Progress
	pace  pace

	ending chan struct{}
	ended  sync.WaitGroup
}

// startProgress shows progress as the flag says: auto, always or never.
func (p *program) startProgress(mode string) (*progress, error) {
	if err := checkProgress(mode); err != nil {
		return nil, err
	}
	shown := &progress{ending: make(chan struct{})}
	switch {
	case mode == "never" || p.quiet:
	case p.logFormat != "json" && (mode == "always" || isTerminal(p.err)): // every line of that log is an object
		shown.ended.Go(func() { shown.drawBar(p) })
	default:
		shown.ended.Go(func() { shown.logLines(p) })
	}
	return shown, nil
}

func checkProgress(mode string) error {
	if mode != "auto" && mode != "always" && mode != "never" {
		return usageError(errors.New("--progress: want auto, always or never"))
	}
	return nil
}

// note takes what the job tells; any goroutine may call it.
func (s *progress) note(now job.Progress) {
	s.mutex.Lock()
	if now.Stage == "" {
		now.Stage = s.last.Stage
	}
	if now.Stage != s.last.Stage {
		s.pace = pace{began: timeNow(), rows: now.Rows, bytes: now.Bytes}
	}
	s.last = now
	s.mutex.Unlock()
}

// latest is how far the run has come, and how fast it goes.
func (s *progress) latest() (now job.Progress, speed speed) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.last, s.pace.of(s.last, timeNow())
}

// pace is where a stage of a run began.
type pace struct {
	began       time.Time
	rows, bytes int64
}

// speed is how fast a stage goes.
type speed struct {
	rate    int64         // records a second; 0 where it is not known
	left    time.Duration // until what is to be read has been read
	hasLeft bool
}

// leastPace is how long a stage has gone on before its speed is told.
const leastPace = time.Second

// of is the mean speed of a stage since it began. What is left is told by the
// bytes: how many records are to come nobody knows.
func (p pace) of(now job.Progress, at time.Time) (s speed) {
	took := at.Sub(p.began)
	if p.began.IsZero() || took < leastPace {
		return s
	}
	s.rate = int64(float64(now.Rows-p.rows) / took.Seconds())
	if read := now.Bytes - p.bytes; read > 0 && now.TotalBytes >= now.Bytes {
		s.left = time.Duration(float64(took) * float64(now.TotalBytes-now.Bytes) / float64(read)).Round(time.Second)
		s.hasLeft = true
	}
	return s
}

// inWords is how far a run has come, as it stands behind the bar. What has been read is
// ahead of the records that have been checked.
func (s speed) inWords(now job.Progress) string {
	text := ""
	if now.TotalBytes > 0 {
		text = fmt.Sprintf("%d %% read, ", min(now.Bytes, now.TotalBytes)*100/now.TotalBytes)
	}
	text += grouped(now.Rows) + rules.Plural(now.Rows, " record checked", " records checked")
	if s.rate > 0 {
		text += ", " + grouped(s.rate) + "/s"
	}
	if s.hasLeft && s.left > 0 {
		text += ", " + clock(s.left) + " left"
	}
	return text
}

// clock is a duration as minutes and seconds, with hours where there are any.
func clock(d time.Duration) string {
	seconds := int(d / time.Second)
	if seconds >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	}
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

// stop ends what is shown.
func (s *progress) stop() {
	close(s.ending)
	s.ended.Wait()
}

func (s *progress) logLines(p *program) {
	ticker := time.NewTicker(lineEvery)
	defer ticker.Stop()
	started := timeNow()
	for {
		select {
		case <-s.ending:
			return
		case <-ticker.C:
			now, speed := s.latest()
			told := []any{"stage", now.Stage, "records", now.Rows, "bytes", now.Bytes, "total_bytes", now.TotalBytes,
				"seconds", int(timeNow().Sub(started).Seconds())}
			if speed.rate > 0 {
				told = append(told, "records_per_second", speed.rate)
			}
			if speed.hasLeft {
				told = append(told, "seconds_left", int(speed.left.Seconds()))
			}
			p.logger.Info("progress", told...)
		}
	}
}

func (s *progress) drawBar(p *program) {
	container := mpb.New(mpb.WithOutput(p.err), mpb.WithWidth(barWidth), mpb.WithAutoRefresh())
	bar := container.New(0, mpb.BarStyle(),
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string {
			now, _ := s.latest()
			return now.Stage + " "
		})),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			now, speed := s.latest()
			return " " + speed.inWords(now)
		})))
	p.logTo.moveTo(container) // above the bar
	ticker := time.NewTicker(drawEvery)
	defer ticker.Stop()
	for {
		select {
		case <-s.ending:
			p.logTo.moveTo(p.err)
			bar.Abort(true)
			container.Wait()
			return
		case <-ticker.C:
			now, _ := s.latest()
			// A total that is never reached, so that the bar ends when the run does.
			bar.SetTotal(now.TotalBytes+1, false)
			bar.SetCurrent(min(now.Bytes, now.TotalBytes))
		}
	}
}
