# Makes an official image's repository fit to be seen: one commit, no other object, no bytecode, the session user's own.
# Run by sh as the root of a container without network; $1 the repository, $2 the user's number, $3 a bash command that
# activates the environment. Prints NUL-separated name=value facts after a NUL; anything that fails ends it.
set -eu
root=$1 user=$2 activate=$3
cd "$root"

old=$(mktemp -d)
mv .git "$old/git"
git --git-dir="$old/git" --work-tree="$root" ls-files -z --stage |
    awk 'BEGIN { RS = "\0"; ORS = "\0" } !/^160000 / { sub(/^[^\t]*\t/, ""); print }' >"$old/tracked"
rm -rf "$old/git"
# what git has left elsewhere in the tree (submodules, nested checkouts) is history too
find . -name .git -prune -exec rm -rf {} +
find . -name __pycache__ -prune -exec rm -rf {} +

export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null HOME=$old
git init --quiet --template= .
git symbolic-ref HEAD refs/heads/main
git config core.logAllRefUpdates false
git config core.trustctime false
git config core.checkStat minimal
git config core.autocrlf false
git config gc.auto 0
git config user.name solver
git config user.email solver@sandbox
# a tracked file that stands deleted in the image is deleted in the base too
while IFS= read -r -d '' path; do [ -e "$path" ] || [ -L "$path" ] && printf '%s\0' "$path"; done <"$old/tracked" |
    git update-index --add -z --stdin
GIT_AUTHOR_DATE='2000-01-01T00:00:00Z' GIT_COMMITTER_DATE='2000-01-01T00:00:00Z' \
    git commit --quiet --no-verify --message=base
git repack -a -d --quiet
git prune-packed --quiet
rm -rf "$old" .git/logs .git/ORIG_HEAD .git/FETCH_HEAD .git/COMMIT_EDITMSG .git/hooks

problems=
note() { problems="$problems${problems:+, }$1"; }
[ "$(git rev-list --all --count)" = 1 ] || note commits
[ "$(git for-each-ref | wc -l)" = 1 ] || note refs
[ -z "$(git remote)" ] || note remotes
[ -z "$(find .git -path '*/logs/*' -type f)" ] || note reflogs
[ -z "$(git fsck --unreachable --no-reflogs --no-progress 2>&1)" ] || note "unreachable objects"
every=$(git cat-file --batch-all-objects --batch-check='%(objectname)' | wc -l)
[ "$every" = "$(git rev-list --objects --all | wc -l)" ] || note objects
[ ! -e .git/objects/info/alternates ] || note alternates
[ ! -e .git/modules ] && [ ! -e .git/worktrees ] || note modules
tree=$(git rev-parse 'HEAD^{tree}')

chown -R "$user:$user" .
grep -q "^[^:]*:[^:]*:$user:" /etc/passwd || echo "solver:x:$user:$user:solver:/disk/home:/bin/sh" >>/etc/passwd
grep -q "^[^:]*:[^:]*:$user:" /etc/group || echo "solver:x:$user:" >>/etc/group

holder=
for python in /usr/bin/python3 /opt/miniconda3/bin/python /usr/local/bin/python3 python3 python; do
    found=$(command -v "$python") || continue
    if "$found" -I -S -c 'import ctypes, os, sys; sys.exit(not hasattr(os, "pidfd_open"))' 2>/dev/null; then
        holder=$found
        break
    fi
done

printf '\0git=%s\0tree=%s\0holder=%s\0' "${problems:-one commit}" "$tree" "$holder"
unset GIT_CONFIG_NOSYSTEM GIT_CONFIG_GLOBAL
HOME=/ bash -c "{ $activate; } >/dev/null 2>&1; env -0" | sed -z 's/^/env:/'
