#!/bin/sh
# Writes the comment of a gate to a pull request on GitHub, over the one of the run before.
#
#   sh comment-github.sh FILE
#
# FILE is what `trimtab gate --format markdown` wrote; its first line is the mark by which the comment is found.
# Needs curl and jq, and from the environment:
#   GITHUB_API_URL, GITHUB_REPOSITORY   as Actions set them
#   PULL_REQUEST                        the number of the pull request
#   GITHUB_TOKEN                        may write to pull requests
#   COMMENT_AUTHOR                      whose comment is written over [github-actions[bot]]: anyone may post a mark
set -eu
file=$1
author=${COMMENT_AUTHOR:-github-actions[bot]}
mark=$(head -n 1 "$file")
api=$GITHUB_API_URL/repos/$GITHUB_REPOSITORY

call() {
    curl --fail --silent --show-error --header "Authorization: Bearer $GITHUB_TOKEN" \
        --header 'Accept: application/vnd.github+json' "$@"
}

id=
page=1
while [ -z "$id" ] && [ "$page" -le 50 ]; do
    comments=$(call "$api/issues/$PULL_REQUEST/comments?per_page=100&page=$page")
    [ "$(printf '%s' "$comments" | jq length)" -gt 0 ] || break
    id=$(printf '%s' "$comments" | jq -r --arg mark "$mark" --arg author "$author" \
        '[.[] | select(.user.login == $author and (.body | startswith($mark))) | .id][0] // empty')
    page=$((page + 1))
done

if [ -n "$id" ]; then
    set -- --request PATCH "$api/issues/comments/$id"
else
    set -- --request POST "$api/issues/$PULL_REQUEST/comments"
fi
jq -Rs '{body: .}' "$file" | call --data-binary @- "$@" >/dev/null
