#!/bin/sh
# submit.sh CONFIGURATION WORK: plans a job in parts, and has Slurm do its steps one
# after the other. Both must lie where all nodes see them. It prints the number of
# the last job.
set -eu
configuration=$1
AVSTAM_WORK=$2
export AVSTAM_WORK
here=$(dirname "$0")
avstam shard plan -c "$configuration" --work "$AVSTAM_WORK"
map=$(sbatch --parsable "$here/map.sbatch")
reduce=$(sbatch --parsable --dependency="afterok:${map%%;*}" --kill-on-invalid-dep=yes "$here/reduce.sbatch")
commit=$(sbatch --parsable --dependency="afterok:${reduce%%;*}" --kill-on-invalid-dep=yes "$here/commit.sbatch")
echo "${commit%%;*}"
