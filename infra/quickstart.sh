#!/usr/bin/env bash
# The main job, from nothing to a reconstructed garment: what `make sweep` runs after installing.
# Every step is a command of `garment` that a user can type; each is printed before it runs.
set -euo pipefail

garment=${GARMENT:-garment}
home=${GARMENT_HOME:-.garment}
seed=${SEED:-7}
workers=${WORKERS:-2}
sweep=${SWEEP:-quickstart}
sequences=${SEQUENCES:-26}
frames=${FRAMES:-4}

step() {
    printf '\n\033[1m$ garment %s\033[0m\n' "$*"
    "$garment" "$@"
}

if [ ! -e "$home/raw" ]; then
    step data synthesize --out "$home/raw" --sequences "$sequences" --frames "$frames" --seed "$seed" --workers "$workers"
fi
if [ ! -e "$home/dataset/manifest.json" ]; then
    step data prepare --raw "$home/raw" --out "$home/dataset" --map-size 64 --image-size 64 --subdivisions 0 --workers "$workers"
fi
step data verify "$home/dataset"
step sweep quickstart --name "$sweep" --resume
step promote "$sweep"
step compare "$sweep" --out "$home/compare.html"

# One picture of the test split: a subject and an outfit that no trial has seen.
held_out=$(find "$home/raw/test" -mindepth 1 -maxdepth 1 -type d | sort | head -n 1)
step data frame "$held_out" --frame 2 --out "$home/picture"
step reconstruct "$home/picture/image.png" --body "$home/picture/body.json" --out "$home/picture/garments.glb"

cat <<TEXT

Done. Where to look:
  the best trials' garments   $home/compare.html, in a browser: drag one to turn all
  trials, curves and meshes   $garment ui                       (it says where; the page is also there: open the
                              sweep $sweep, Artifacts, comparison, index.html)
  the ranking                 $garment leaderboard $sweep
  the reconstructed garments  $home/picture/garments.glb, and beside it garments.png and garments.html
TEXT
