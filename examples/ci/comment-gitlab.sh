#!/bin/sh
# Writes the comment of a gate to a merge request on GitLab, over the one of the run before.
#
#   sh comment-gitlab.sh FILE
#
# FILE is what `trimtab gate --format markdown` wrote; its first line is the mark by which the comment is found.
# Needs curl and jq, and from the environment:
#   CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID   as GitLab sets them
#   COMMENT_TOKEN   an access token of the project that may use the API (the token of the job may not comment)
set -eu
file=$1
mark=$(head -n 1 "$file")
notes=$CI_API_V4_URL/projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes

call() {
    curl --fail --silent --show-error --header "PRIVATE-TOKEN: $COMMENT_TOKEN" \
        --header 'Content-Type: application/json' "$@"
}

# Anyone may post a mark; only a comment of our own is written over.
me=$(call "$CI_API_V4_URL/user" | jq .id)
id=
page=1
while [ -z "$id" ] && [ "$page" -le 50 ]; do
    comments=$(call "$notes?per_page=100&page=$page")
    [ "$(printf '%s' "$comments" | jq length)" -gt 0 ] || break
    id=$(printf '%s' "$comments" | jq -r --arg mark "$mark" --argjson me "$me" \
        '[.[] | select(.author.id == $me and (.body | startswith($mark))) | .id][0] // empty')
    page=$((page + 1))
done

if [ -n "$id" ]; then
    set -- --request PUT "$notes/$id"
else
    set -- --request POST "$notes"
fi
jq -Rs '{body: .}' "$file" | call --data-binary @- "$@" >/dev/null
