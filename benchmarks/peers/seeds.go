package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
)

// maxSeeds is how many seeds have data of their own: DuckDB's lie between -1 and 1,
// and gen.sql takes two of them.
const maxSeeds = 900

// compareSeeds has avstam and DuckDB find the same findings, one by one, in data of
// one seed after the other, each of which is removed again.
func (r *race) compareSeeds(ctx context.Context, seeds int) error {
	records, err := positive("AVSTAM_PEERS_RECORDS", 1_000_000)
	if err != nil {
		return err
	}
	if seeds > maxSeeds {
		return fmt.Errorf("there are %d seeds at most", maxSeeds)
	}
	for seed := range seeds {
		if err := r.compareSeed(ctx, seed, records); err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
	}
	return nil
}

func (r *race) compareSeed(ctx context.Context, seed, records int) (err error) {
	folder := filepath.Join(r.work, fmt.Sprint("seed-", seed))
	if err := os.Mkdir(folder, 0o750); err != nil {
		return err
	}
	defer func() {
		if removed := os.RemoveAll(folder); err == nil {
			err = removed
		}
	}()
	persons := records * 3 / 5
	if _, err := r.query(ctx, "gen.sql", fmt.Sprintf("seed=%.3f", float64(seed)/1000), fmt.Sprintf("coord=%d", persons/10),
		fmt.Sprintf("persons=%d", persons), fmt.Sprintf("records=%d", records), fmt.Sprintf("dirty=0.%02d", 1+seed%30), "dir="+folder); err != nil {
		return err
	}
	r.data = dataset{Folder: folder}
	out, theirs := filepath.Join(folder, "out"), filepath.Join(folder, "duckdb.parquet")
	extension := [...]string{"parquet", "csv"}[seed%2]
	if _, err := measure(exec.CommandContext(ctx, r.avstam, "run", "--quiet", "--records", r.data.file("records."+extension),
		"--register", r.data.file("register.parquet"), "--extract-date", extractDay, "--workers", fmt.Sprint(1+seed%3), "--out", out)); err != nil {
		return err
	}
	if _, err := r.query(ctx, "job.sql", "records="+r.data.file("records.parquet"), "register="+r.data.file("register.parquet"), "out="+theirs); err != nil {
		return err
	}
	text, err := r.query(ctx, "same.sql", "ours="+filepath.Join(out, "latest", "findings.parquet"), "theirs="+theirs)
	if err != nil {
		return err
	}
	var ours, peers, both int64
	if _, err := fmt.Sscan(text, &ours, &peers, &both); err != nil {
		return fmt.Errorf("cannot read %q: %w", text, err)
	}
	if ours != 0 || peers != 0 || both == 0 {
		return fmt.Errorf("avstam alone has %d findings, DuckDB alone %d, and both %d", ours, peers, both)
	}
	log.Printf("seed %d: %d records from %s, the same %d findings", seed, records, extension, both)
	return nil
}
