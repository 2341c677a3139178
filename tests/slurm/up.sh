#!/bin/bash
# up.sh FOLDER [CPUS]: a Slurm on this machine alone, with partitions main and gpu, two pretended
# GPUs, and without accounting. All its files lie in FOLDER (new; a short path, as sockets need), it
# listens on loopback only, and nothing in /etc is read or written. Use it with `. FOLDER/environment`; stop it with down.sh FOLDER.
set -euo pipefail
PATH=$PATH:/usr/sbin
mkdir "$1"
folder=$(realpath "$1")
host=$(hostname -s)
memory=$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)
read -r controller node < <(python3 - <<'P'
import socket
sockets = [socket.socket() for _ in range(2)]
for one in sockets:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in sockets))
P
)
mkdir "$folder"/{munge,state,spool,bin}
chmod 755 "$folder" "$folder/munge"

# A GPU needs a device file; a count alone would drain the node.
printf "NodeName=$host Name=gpu Type=pretended File=/dev/%s\\n" null zero > "$folder/gres.conf"
cat > "$folder/slurm.conf" <<C
ClusterName=onebox
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$controller
SlurmdPort=$node
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# A job that is requeued waits until the credential of its last run has expired (120 s if not told).
AuthInfo=socket=$folder/munge/socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,batch_sched_delay=0
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
SlurmdParameters=config_overrides
MinJobAge=3600
KillWait=5
GresTypes=gpu
NodeName=$host NodeAddr=127.0.0.1 CPUs=${2:-$(nproc)} RealMemory=$memory Gres=gpu:pretended:2 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=$host MaxTime=INFINITE State=UP
C

# Inside a job, Snakemake's plugin starts srun without any variable of Slurm's.
printf '#!/bin/sh\nSLURM_CONF=%s exec %s "$@"\n' "$folder/slurm.conf" "$(command -v srun)" > "$folder/bin/srun"
chmod +x "$folder/bin/srun"
printf 'export SLURM_CONF=%s PATH=%s:$PATH\n' "$folder/slurm.conf" "$folder/bin" > "$folder/environment"

fail() { echo "$1" >&2; tail -n 20 "$folder"/*.log "$folder"/munge/*.log >&2 || true; "$(dirname "$0")/down.sh" "$folder" >&2; exit 1; }
dd if=/dev/urandom of="$folder/munge/key" bs=128 count=1 status=none
chmod 600 "$folder/munge/key"
munged --force --socket="$folder/munge/socket" --key-file="$folder/munge/key" \
    --pid-file="$folder/munged.pid" --log-file="$folder/munge/munged.log" \
    --seed-file="$folder/munge/seed" 2> /dev/null || fail "munged does not start"
export SLURM_CONF=$folder/slurm.conf
slurmctld || fail "slurmctld does not start"
slurmd -N "$host" || fail "slurmd does not start"
for _ in $(seq 60); do
    [ "$(sinfo --noheader --partition=main --format=%t 2> /dev/null)" = idle ] && break
    sleep 0.5
done
[ "$(sinfo --noheader --partition=main --format=%t)" = idle ] || fail "the node is not idle after half a minute"
sinfo --format="%P %a %D %t %c %m %G"
