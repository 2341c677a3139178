#!/bin/bash
# down.sh FOLDER: ends the jobs and daemons of the Slurm that up.sh started there, by their pids,
# and removes FOLDER.
set -uo pipefail
folder=$(realpath "$1")
export SLURM_CONF=$folder/slurm.conf
if [ -s "$folder/slurmctld.pid" ]; then
    scancel --full --signal=KILL --user="$(id -un)" 2> /dev/null
    for _ in $(seq 20); do
        [ -z "$(squeue --noheader --states=RUNNING,COMPLETING 2> /dev/null)" ] && break
        sleep 0.5
    done
fi
pids=()
for name in slurmd slurmctld munged; do
    [ -s "$folder/$name.pid" ] && pids+=("$(cat "$folder/$name.pid")")
done
[ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2> /dev/null
for _ in $(seq 40); do
    alive=0
    for pid in "${pids[@]}"; do kill -0 "$pid" 2> /dev/null && alive=1; done
    [ $alive = 0 ] && break
    sleep 0.25
done
[ "${alive:-0}" = 0 ] || kill -KILL "${pids[@]}" 2> /dev/null
rm -rf "$folder"
