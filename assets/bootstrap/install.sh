#!/usr/bin/env bash
# Bootstrap action of EMR: installs the job's Python packages, offline, into an environment of their own.
#
#   install.sh WHEELHOUSE LOCK_SHA256 DIRECTORY REGION PROBE [JOB]
#
#   WHEELHOUSE   s3:// address of a ZIP archive of wheels and requirements.txt, their hash-locked list
#   LOCK_SHA256  of that list: it holds the hash of every wheel, so nothing else can be installed
#   DIRECTORY    of the environment, such as /opt/fruits
#   REGION       of WHEELHOUSE: a request that went to another region would hang in a network without a way out
#   PROBE        s3:// address of probe.py, whose output goes into the log; without it the node is made all the same
#   JOB          s3:// address of the job's package, for notebooks to import; steps bring their own
#
# It runs on every node before Spark is there, and again on nodes that scaling adds. It never touches the system's
# Python. Any failure ends it with an error, so that a broken node fails here, where it is cheap, and not in the job.
set -euo pipefail
umask 022 # the user hadoop installs, the user yarn imports

log() { printf '%s install.sh: %s\n' "$(date -u +%H:%M:%S)" "$*" >&2; }
fail() { log "error: $*"; exit 1; }

[[ $# -eq 5 || $# -eq 6 ]] || fail "expected WHEELHOUSE LOCK_SHA256 DIRECTORY REGION PROBE and perhaps JOB, got $# arguments"
readonly wheelhouse=$1 lock_sha256=$2 directory=$3 region=$4 probe=$5 job=${6:-}
readonly python=python3.11
# EMR 7.1 and later have it; whether already now, before EMR installs its own software, no document says.
if ! command -v "$python" >/dev/null; then
  log "installing $python from Amazon Linux"
  sudo dnf -y -q install "$python" || fail "$python is not on this node, and dnf cannot install it"
fi

work=$(mktemp -d)
readonly work
# The probe works beside the installation: nobody waits for it longer than for that.
{
  aws s3 cp --only-show-errors --region "$region" "$probe" "$work/probe.py" && "$python" "$work/probe.py"
} || log "the probe failed" &
readonly probing=$!
trap 'wait "$probing"; rm -rf "$work"' EXIT

if [[ -f $directory/lock.sha256 && $(<"$directory/lock.sha256") == "$lock_sha256" ]]; then
  log "$directory is complete already"
  exit 0
fi

copy() {
  local source=$1 target=$2 attempt
  log "copying $source"
  for attempt in 1 2 3 4 5; do
    if aws s3 cp --only-show-errors --region "$region" "$source" "$target"; then return; fi
    [[ $attempt -lt 5 ]] || fail "cannot copy $source; check the instance role's right to read it, and the S3 endpoint"
    log "attempt $attempt failed, trying again in $((attempt * 3)) s"
    sleep $((attempt * 3))
  done
}

copy "$wheelhouse" "$work/wheelhouse.zip"
"$python" -m zipfile -e "$work/wheelhouse.zip" "$work/wheelhouse" || fail "$wheelhouse is no ZIP archive"

readonly lock=$work/wheelhouse/requirements.txt
[[ -f $lock ]] || fail "no requirements.txt in $wheelhouse"
printf '%s  %s\n' "$lock_sha256" "$lock" | sha256sum --check --status || fail "requirements.txt does not have sha256 $lock_sha256"

log "installing into $directory"
sudo rm -rf "$directory"
sudo install -d -m 755 -o "$(id -un)" "$directory"
"$python" -m venv --without-pip "$directory"
pip=("$directory/bin/python" "$(find "$work/wheelhouse" -name 'pip-*.whl')/pip" --disable-pip-version-check --no-cache-dir --no-input)
"${pip[@]}" install --quiet --no-index --find-links "$work/wheelhouse" --require-hashes --no-compile -r "$lock" \
  || fail "the wheels do not install: a hash is wrong, or one does not fit this node ($(uname -m), $("$python" -V))"
"${pip[@]}" check || fail "the installed packages do not fit each other"

modules=(ai_edge_litert.interpreter botocore.session numpy obstore pandas PIL.Image pyarrow.parquet)
if grep -q '^tensorflow==' "$lock"; then modules+=(tensorflow); fi
if grep -q '^matplotlib==' "$lock"; then modules+=(matplotlib.pyplot); fi
if [[ -n $job ]]; then
  copy "$job" "$work/job.zip"
  "$python" -m zipfile -e "$work/job.zip" "$directory/lib/$python/site-packages" || fail "$job is no ZIP archive"
  modules+=(job.features.decode)
fi
for module in "${modules[@]}"; do
  TF_CPP_MIN_LOG_LEVEL=3 "$directory/bin/python" -P -c "import $module" || fail "cannot import $module"
done

printf '%s' "$lock_sha256" >"$directory/lock.sha256"
log "done: ${#modules[@]} modules import from $directory"
