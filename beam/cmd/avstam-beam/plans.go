package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/storage"
)

// plans are the plans that the process has opened. What could not be opened is tried
// again by the next who wants it.
var plans = &openPlans{plans: map[string]*openPlan{}, registers: map[string]*register.Snapshot{}}

type openPlans struct {
	mutex     sync.Mutex
	plans     map[string]*openPlan          // by digest
	registers map[string]*register.Snapshot // by digest, never closed: jobs share them
}

// openPlan is a plan with what its tasks have in common. Tasks may share it.
type openPlan struct {
	*job.Plan

	mutex  sync.Mutex
	chunks []job.Part // nil until all are there
}

// open opens the plan of a task, once in the process.
func (o *openPlans) open(task Task) (*openPlan, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if plan := o.plans[task.Plan]; plan != nil {
		return plan, nil
	}
	plan, err := job.ReadPlan(task.Work, version())
	if err != nil {
		return nil, err
	}
	if plan.Digest() != task.Plan {
		return nil, fmt.Errorf("the plan in %s is not the one that was submitted", task.Work)
	}
	opened := &openPlan{Plan: plan}
	o.plans[task.Plan] = opened
	return opened, nil
}

// openRegister is the register of the plan, opened once in the process by its digest.
func (p *openPlan) openRegister() (*register.Snapshot, error) {
	plans.mutex.Lock()
	defer plans.mutex.Unlock()
	if snapshot := plans.registers[p.Register.SHA256]; snapshot != nil {
		return snapshot, nil
	}
	snapshot, err := p.OpenRegister()
	if err != nil {
		return nil, err
	}
	plans.registers[p.Register.SHA256] = snapshot
	return snapshot, nil
}

// chunkParts are the parts of all chunks; none is replaced once it is there.
func (p *openPlan) chunkParts() ([]job.Part, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.chunks == nil {
		parts, err := p.Parts(job.ChunkPart)
		if err != nil {
			return nil, err
		}
		p.chunks = parts
	}
	return p.chunks, nil
}

// outcome is what the commit tells whoever submitted the job: engines bring back no
// more than that it is done.
type outcome struct {
	Plan   string   `json:"plan"` // digest
	Folder string   `json:"folder"`
	Passed []string `json:"passed,omitempty"` // thresholds, in words
}

func outcomeFile(work string) string { return filepath.Join(work, "outcome.json") }

func writeOutcome(work string, plan *job.Plan, result *job.Result) error {
	contents, err := json.MarshalIndent(&outcome{Plan: plan.Digest(), Folder: result.Folder, Passed: result.Passed}, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot tell what was published: %w", err)
	}
	file, err := storage.Replace(outcomeFile(work), append(contents, '\n'), storage.PublicMode)
	if err != nil {
		return err
	}
	return file.Commit()
}

// readOutcome is what the commit of the plan told.
func readOutcome(work string, plan *job.Plan) (*outcome, error) {
	contents, err := disk.ReadFile(outcomeFile(work))
	if err != nil {
		return nil, fmt.Errorf("the engine says that it is done, but no report was published: %w", err)
	}
	told := &outcome{}
	if err := json.Unmarshal(contents, told); err != nil || told.Plan != plan.Digest() {
		return nil, errors.New("the engine says that it is done, but no report of this plan was published")
	}
	return told, nil
}
