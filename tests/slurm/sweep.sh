#!/bin/sh
# A sweep by Slurm is the sweep that this machine runs: on a real slurmctld and slurmd with munge,
# from Debian's packages, on loopback, started here and stopped here. What is missing is said, and
# the test is skipped:
#
#   apt-get install --no-install-recommends slurmctld slurmd slurm-client munge
#
# usage: tests/slurm/sweep.sh BROKERLAB
set -u
brokerlab=$1
skip() { echo "skipped: $1"; exit 0; }
fail() { echo "FAILED: $1" >&2; exit 1; }
for program in slurmctld slurmd munged sbatch squeue; do
  command -v $program >/dev/null || skip "$program is not installed (Debian: slurmctld slurmd slurm-client munge)"
done
[ "$(id -u)" = 0 ] || skip "slurmd starts jobs as root only"

place=$(mktemp -d "${TMPDIR:-/tmp}/brokerlab_slurm_XXXXXX")
pids=
clean() {
  for pid in $pids; do kill "$pid" 2>/dev/null; done
  for pid in $pids; do wait "$pid" 2>/dev/null; done
  rm -rf "$place"
}
trap clean EXIT
trap 'exit 1' INT TERM
chmod 755 "$place"
mkdir -m 700 "$place/munge" "$place/state" "$place/spool"
mkdir -m 755 "$place/socket"

head -c 1024 /dev/urandom >"$place/munge/key"
chmod 400 "$place/munge/key"
munged --foreground --force --key-file="$place/munge/key" --socket="$place/socket/munge" \
  --pid-file="$place/munge/pid" --log-file="$place/munge/log" --seed-file="$place/munge/seed" \
  >"$place/munged.out" 2>&1 &
pids="$! $pids"
export MUNGE_SOCKET="$place/socket/munge"

# Two ports that nobody has.
ports=$(python3 -c '
import socket
s = [socket.socket() for _ in range(2)]
for one in s: one.bind(("127.0.0.1", 0))
print(*[one.getsockname()[1] for one in s])') || skip "no python3 to find free ports"
host=$(hostname)
cat >"$place/slurm.conf" <<END
ClusterName=brokerlab
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${ports% *}
SlurmdPort=${ports#* }
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$place/socket/munge
CredType=cred/munge
StateSaveLocation=$place/state
SlurmdSpoolDir=$place/spool
SlurmctldPidFile=$place/slurmctld.pid
SlurmdPidFile=$place/slurmd.pid
SlurmctldLogFile=$place/slurmctld.log
SlurmdLogFile=$place/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1,batch_sched_delay=0,sched_min_interval=100000
ReturnToService=2
SlurmdParameters=config_overrides
MinJobAge=60
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
printf 'CgroupPlugin=cgroup/v1\nCgroupMountpoint=%s/cgroup\nCgroupAutomount=no\n' "$place" >"$place/cgroup.conf"
export SLURM_CONF="$place/slurm.conf"
slurmctld -D -f "$SLURM_CONF" >"$place/slurmctld.out" 2>&1 &
pids="$! $pids"
slurmd -D -f "$SLURM_CONF" >"$place/slurmd.out" 2>&1 &
pids="$! $pids"
ready=
for second in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  sleep 1
  sinfo -h -o %t 2>/dev/null | grep -q '^idle' && ready=yes && break
done
if [ -z "$ready" ]; then
  tail -n 3 "$place"/*.out "$place"/*.log 2>/dev/null
  skip "slurmctld and slurmd do not come up here"
fi
echo "slurm is up: $(sinfo -h)"

cat >"$place/small.json" <<'END'
{"name": "small", "duration": "10s", "brokers": {"count": 3},
 "topics": [{"name": "t", "partitions": 3, "replication.factor": 3}],
 "sources": [{"name": "s", "payload": "phantom", "rate": "100/s", "record_size": "100 B"}],
 "producers": [{"name": "app", "source": "s", "topic": "t", "poll_interval": "100ms", "config": {}}],
 "consumers": [{"group": "g", "topics": ["t"]}]}
END
# 12 points that run, and 4 that a scenario's own checks refuse.
cat >"$place/sweep.json" <<'END'
{"name": "small", "base": "small.json",
 "grid": {"producers.app.config.acks": ["all", "1"], "brokers.count": [3, 4, 5, 1]},
 "seeds": {"count": 2}}
END
cd "$place" || exit 1
figures() {  # of a table, without what a machine's speed decides
  python3 -c '
import json, sys
rows = json.load(open(sys.argv[1]))
print(json.dumps([{k: v for k, v in row.items() if k != "cpu_s"} for row in rows], indent=1))' "$1"
}
jobs_of() { find "$1/slurm" -mindepth 1 -maxdepth 1 -type d | wc -l; }

"$brokerlab" sweep sweep.json --out here --quiet; [ $? = 1 ] || fail "the sweep here: four points are refused"
timeout 300 "$brokerlab" sweep sweep.json --engine slurm --out there >told.txt 2>&1
[ $? = 1 ] || { cat told.txt; fail "the sweep by Slurm: four points are refused"; }
figures here/table.json >here.txt
figures there/table.json >there.txt
cmp here.txt there.txt || { diff here.txt there.txt | head -20; fail "Slurm's figures are others"; }
grep -q "16 points, 0 of them found done, 4 failed" told.txt || { cat told.txt; fail "what was told"; }
echo "a sweep by Slurm has the figures of one here"

timeout 60 "$brokerlab" sweep sweep.json --engine slurm --out there >told.txt 2>&1
grep -q "12 of them found done" told.txt || { cat told.txt; fail "what is finished is run again"; }
[ "$(jobs_of there)" = 1 ] || fail "a second job for what is finished"
echo "what is finished is not run again"

# Who gathers is killed once the job is submitted; the same command waits for that very job.
"$brokerlab" sweep sweep.json --engine slurm --out killed --slurm-option=--begin=now+3 --quiet &
gatherer=$!
for tenth in $(seq 100); do [ -s killed/slurm/job ] && break; sleep 0.1; done
[ -s killed/slurm/job ] || fail "no job was submitted"
kill -9 $gatherer; wait $gatherer 2>/dev/null
job=$(cat killed/slurm/job)
timeout 120 "$brokerlab" sweep sweep.json --engine slurm --out killed --quiet
figures killed/table.json >killed.txt
cmp here.txt killed.txt || fail "after a kill the figures are others"
[ "$(cat killed/slurm/job)" = "$job" ] || fail "a second job, though the first went on"
echo "who gathers may be killed"

# A job that somebody cancels: its points are told as failed, and the same command makes up for it.
"$brokerlab" sweep sweep.json --engine slurm --out cancelled --slurm-option=--begin=now+3600 >told.txt 2>&1 &
gatherer=$!
for tenth in $(seq 100); do [ -s cancelled/slurm/job ] && break; sleep 0.1; done
scancel "$(cat cancelled/slurm/job)" || fail "scancel"
wait $gatherer
[ $? = 1 ] || { cat told.txt; fail "a cancelled job is no failure"; }
grep -q "ended without an outcome" told.txt || { cat told.txt; fail "a cancelled job is not told"; }
timeout 120 "$brokerlab" sweep sweep.json --engine slurm --out cancelled --quiet
figures cancelled/table.json >cancelled.txt
cmp here.txt cancelled.txt || fail "after a cancelled job the figures are others"
echo "a cancelled job is told, and made up for"

# What Slurm refuses is told in Slurm's words.
timeout 60 "$brokerlab" sweep sweep.json --engine slurm --out refused --slurm-option=--partition=none >told.txt 2>&1
[ $? = 4 ] || fail "an unknown partition is no trouble"
grep -q "sbatch does not take the job.*partition" told.txt || { cat told.txt; fail "Slurm's words"; }
echo "passed"
