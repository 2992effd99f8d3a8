# Makes of an official image's repository one that is fit to be seen: one commit, no other object, no bytecode.
# Run by bash as the root of a container without network, on a disk in memory; $1 the repository, $2 the number of the
# session's user, $3 a command that activates the environment. Prints the length of its facts (16 digits), the facts
# (name=value, each ended by a NUL), and the new repository as a tar file. What fails ends it with another code than 0.
set -euo pipefail
root=$1 user=$2 activate=$3 base=/disk/tree facts=/disk/facts
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null HOME=/ TMPDIR=/disk
# one commit has nothing to be the delta of, and nothing here has to outlive a loss of power
settings=('safe.directory *' 'core.fsync none' 'core.looseCompression 0' 'pack.window 0' 'pack.compression 1')
export GIT_CONFIG_COUNT=${#settings[@]}
for number in "${!settings[@]}"; do
    export "GIT_CONFIG_KEY_$number=${settings[number]% *}" "GIT_CONFIG_VALUE_$number=${settings[number]#* }"
done

# what the base commit holds and the image still has; a submodule's entry (160000) is no file
cd "$root"
git ls-files -z --stage | while IFS= read -r -d '' entry; do
    path=${entry#*$'\t'}
    if [[ $entry != 160000* && ( -e $path || -L $path ) ]]; then printf '%s\0' "$path"; fi
done >/disk/tracked
# what git has left elsewhere in the tree (submodules, nested checkouts) is history too
mkdir "$base"
tar --create --exclude=.git --exclude=__pycache__ . | tar --extract --preserve-permissions --directory="$base"

cd "$base"
git init --quiet --template= .
git symbolic-ref HEAD refs/heads/main
for setting in core.logAllRefUpdates=false core.trustctime=false core.checkStat=minimal core.autocrlf=false \
    gc.auto=0 user.name=solver user.email=solver@sandbox; do
    git config "${setting%%=*}" "${setting#*=}"
done
git update-index --add -z --stdin </disk/tracked
GIT_AUTHOR_DATE='2000-01-01T00:00:00Z' GIT_COMMITTER_DATE='2000-01-01T00:00:00Z' \
    git commit --quiet --no-verify --message=base
git repack -a -d --quiet
rm -rf .git/logs .git/ORIG_HEAD .git/FETCH_HEAD .git/COMMIT_EDITMSG .git/hooks

holder=
for python in /usr/bin/python3 /opt/miniconda3/bin/python /usr/local/bin/python3 python3 python; do
    found=$(command -v "$python" || true)
    if [[ $found ]] && "$found" -I -S -c 'import ctypes, os; os.pidfd_open' 2>/dev/null; then
        holder=$found
        break
    fi
done

{
    printf 'holder=%s\0' "$holder"
    printf 'passwd=%s\0group=%s\0' "$(grep -v "^[^:]*:[^:]*:$user:" /etc/passwd)" \
        "$(grep -v "^[^:]*:[^:]*:$user:" /etc/group)"
    (
        unset "${!GIT_CONFIG_@}" TMPDIR
        set +euo pipefail
        eval "$activate" >/dev/null 2>&1
        env -0 | sed --null-data 's/^/env:/'
    )
} >"$facts"
printf '%016d' "$(stat --format=%s "$facts")"
cat "$facts"
tar --create --numeric-owner --owner="$user" --group="$user" .
