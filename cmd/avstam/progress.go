package main

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/cwriter"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/avstam/avstam/job"
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

	ending chan struct{}
	ended  sync.WaitGroup
}

// startProgress shows progress as the flag says: auto, always or never.
func (p *program) startProgress(mode string) (*progress, error) {
	shown := &progress{ending: make(chan struct{})}
	file, isFile := p.err.(*os.File)
	isTerminal := isFile && cwriter.IsTerminal(int(file.Fd()))
	switch {
	case mode != "auto" && mode != "always" && mode != "never":
		return nil, usageError(errors.New("--progress: want auto, always or never"))
	case mode == "never" || p.quiet:
	case mode == "always" || isTerminal:
		shown.ended.Go(func() { shown.drawBar(p) })
	default:
		shown.ended.Go(func() { shown.logLines(p) })
	}
	return shown, nil
}

// note takes what the job tells; any goroutine may call it.
func (s *progress) note(now job.Progress) {
	s.mutex.Lock()
	s.last = now
	s.mutex.Unlock()
}

func (s *progress) latest() job.Progress {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.last
}

// stop ends what is shown.
func (s *progress) stop() {
	close(s.ending)
	s.ended.Wait()
}

func (s *progress) logLines(p *program) {
	ticker := time.NewTicker(lineEvery)
	defer ticker.Stop()
	started := time.Now()
	for {
		select {
		case <-s.ending:
			return
		case <-ticker.C:
			now := s.latest()
			p.logger.Info("progress", "stage", now.Stage, "records", now.Rows, "bytes", now.Bytes, "total_bytes", now.TotalBytes,
				"seconds", int(time.Since(started).Seconds()))
		}
	}
}

func (s *progress) drawBar(p *program) {
	container := mpb.New(mpb.WithOutput(p.err), mpb.WithWidth(barWidth), mpb.WithAutoRefresh())
	bar := container.New(0, mpb.BarStyle(),
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return s.latest().Stage + " " })),
		mpb.AppendDecorators(decor.Percentage(), decor.Any(func(decor.Statistics) string {
			return fmt.Sprintf(" %s records", grouped(s.latest().Rows))
		})))
	ticker := time.NewTicker(drawEvery)
	defer ticker.Stop()
	for {
		select {
		case <-s.ending:
			bar.Abort(true)
			container.Wait()
			return
		case <-ticker.C:
			now := s.latest()
			// A total that is never reached, so that the bar ends when the run does.
			bar.SetTotal(now.TotalBytes+1, false)
			bar.SetCurrent(min(now.Bytes, now.TotalBytes))
		}
	}
}
