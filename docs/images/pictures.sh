#!/bin/sh
# The pictures of docs/incidents.md and docs/incidents.ko.md: each scenario of the library at its moment to
# look at, in English and Korean. Needs a build with the viewer, and ffmpeg, which makes them small.
#
#   docs/images/pictures.sh [NAME...]    all, or these; BROKERLAB=build/test/bin/brokerlab of another build
set -eu
cd "$(dirname "$0")/../.."
brokerlab=$(realpath "${BROKERLAB:-./brokerlab}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p docs/images/incidents

sed -n 's|^    ./brokerlab view \([a-z0-9_]*\) --at \(.*\)$|\1 \2|p' docs/incidents.md | while read -r name at; do
  case " ${*:-$name} " in
    *" $name "*) ;;
    *) continue ;;
  esac
  (cd "$work" && "$brokerlab" run "$name" --record "$name.run" > /dev/null 2>&1) || [ -s "$work/$name.run" ]
  for language in en ko; do
    "$brokerlab" view "$work/$name.run" --at "$at" --lang "$language" --size 1280x720 --export "$work/full.png" > /dev/null
    ffmpeg -nostdin -y -loglevel error -i "$work/full.png" -vf \
      'split[a][b];[a]palettegen=max_colors=64:reserve_transparent=0[p];[b][p]paletteuse=dither=none' \
      -pred mixed "docs/images/incidents/${name}_$language.png"
  done
  rm -f "$work/$name.run"
  echo "$name at $at"
done
