# Makes an official image's repository fit to be seen: one commit, no other object, no bytecode, the session user's own.
# Run by bash as the root of a container without network; $1 the repository, $2 the user's number, $3 a command that
# activates the environment. Prints, after a NUL, name=value facts that end with one; what fails ends it.
set -euo pipefail
root=$1 user=$2 activate=$3
cd "$root"
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null HOME=/
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'

# what the base commit holds and the image still has; a submodule's entry (160000) is no file
tracked=$(mktemp)
git ls-files -z --stage | while IFS= read -r -d '' entry; do
    path=${entry#*$'\t'}
    if [[ $entry != 160000* && ( -e $path || -L $path ) ]]; then printf '%s\0' "$path"; fi
done >"$tracked"
# what git has left elsewhere in the tree (submodules, nested checkouts) is history too
find . -name .git -prune -exec rm -rf {} +
find . -name __pycache__ -prune -exec rm -rf {} +

git init --quiet --template= .
git symbolic-ref HEAD refs/heads/main
for setting in core.logAllRefUpdates=false core.trustctime=false core.checkStat=minimal core.autocrlf=false \
    gc.auto=0 user.name=solver user.email=solver@sandbox; do
    git config "${setting%%=*}" "${setting#*=}"
done
git update-index --add -z --stdin <"$tracked"
rm "$tracked"
GIT_AUTHOR_DATE='2000-01-01T00:00:00Z' GIT_COMMITTER_DATE='2000-01-01T00:00:00Z' \
    git commit --quiet --no-verify --message=base
git repack -a -d --quiet
rm -rf .git/logs .git/ORIG_HEAD .git/FETCH_HEAD .git/COMMIT_EDITMSG .git/hooks

problems=
is() { # NAME ACTUAL EXPECTED
    if [[ $2 != "$3" ]]; then problems+="${problems:+, }$1"; fi
}
is commits "$(git rev-list --all --count)" 1
is refs "$(git for-each-ref | wc -l)" 1
is remotes "$(git remote)" ''
is reflogs "$(find .git -path '*/logs/*' -type f)" ''
is unreachable "$(git fsck --unreachable --no-reflogs --no-progress 2>&1)" ''
is objects "$(git cat-file --batch-all-objects --batch-check | wc -l)" "$(git rev-list --objects --all | wc -l)"
is elsewhere "$(ls -d .git/objects/info/alternates .git/modules .git/worktrees .git/shallow 2>/dev/null || true)" ''
tree=$(git rev-parse 'HEAD^{tree}')

chown -R "$user:$user" .
grep -q "^[^:]*:[^:]*:$user:" /etc/passwd || echo "solver:x:$user:$user:solver:/disk/home:/bin/sh" >>/etc/passwd
grep -q "^[^:]*:[^:]*:$user:" /etc/group || echo "solver:x:$user:" >>/etc/group

holder=
for python in /usr/bin/python3 /opt/miniconda3/bin/python /usr/local/bin/python3 python3 python; do
    found=$(command -v "$python" || true)
    if [[ $found ]] && "$found" -I -S -c 'import ctypes, os; os.pidfd_open' 2>/dev/null; then
        holder=$found
        break
    fi
done

printf '\0git=%s\0tree=%s\0holder=%s\0' "${problems:-one commit}" "$tree" "$holder"
unset GIT_CONFIG_NOSYSTEM GIT_CONFIG_GLOBAL GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0
set +euo pipefail
eval "$activate" >/dev/null 2>&1
env -0 | sed --null-data 's/^/env:/'
