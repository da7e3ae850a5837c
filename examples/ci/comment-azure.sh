#!/bin/sh
# Writes the comment of a gate to a pull request on Azure DevOps, over the one of the run before.
#
#   sh comment-azure.sh FILE
#
# FILE is what `trimtab gate --format markdown` wrote; its first line is the mark by which the comment is found.
# Needs curl and jq, and from the environment:
#   SYSTEM_COLLECTIONURI, SYSTEM_TEAMPROJECTID, BUILD_REPOSITORY_ID, SYSTEM_PULLREQUEST_PULLREQUESTID   as Azure sets them
#   SYSTEM_ACCESSTOKEN   map it in the step: env: { SYSTEM_ACCESSTOKEN: $(System.AccessToken) }; the build's
#                        identity needs "Contribute to pull requests" on the repository
set -eu
file=$1
mark=$(head -n 1 "$file")
git=${SYSTEM_COLLECTIONURI%/}/$SYSTEM_TEAMPROJECTID/_apis/git/repositories/$BUILD_REPOSITORY_ID
threads=$git/pullRequests/$SYSTEM_PULLREQUEST_PULLREQUESTID/threads
version='api-version=7.0'

call() {
    curl --fail --silent --show-error --header "Authorization: Bearer $SYSTEM_ACCESSTOKEN" \
        --header 'Content-Type: application/json' "$@"
}

# The service refuses to change a comment of somebody else, so a mark that another person posted is an error here
# and never an answer in their name. One page holds all threads.
found=$(call "$threads?$version" | jq -r --arg mark "$mark" \
    '[.value[] | select(.isDeleted | not) | .id as $thread | .comments[]?
      | select((.isDeleted | not) and ((.content // "") | startswith($mark))) | "\($thread)/comments/\(.id)"][0] // empty')

if [ -n "$found" ]; then
    jq -Rs '{content: .}' "$file" \
        | call --data-binary @- --request PATCH "$threads/$found?$version" >/dev/null
else
    # A closed thread informs and does not hold the pull request up: the check does that.
    jq -Rs '{status: "closed", comments: [{parentCommentId: 0, commentType: "text", content: .}]}' "$file" \
        | call --data-binary @- --request POST "$threads?$version" >/dev/null
fi
