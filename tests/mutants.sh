#!/bin/sh
# Breaks one rule at a time and shows which test sees it: what no test sees is not tested.
#
#   mutants.sh [PATTERN]      all of tests/mutants.txt, or those whose file or words match
#   mutants.sh --fit          only looks whether each still fits its file (a test does)
#
# Each is made in a copy of the checkout (build/mutants), compiled for itself and run against the tests
# that should see it. A table at the end; status 1 when one survives without a reason. Takes about ten
# seconds a mutant; not part of the tests.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
pattern=${1:-.}
copy=$here/build/mutants/tree
build=$here/build/mutants/build
table=$here/build/mutants/table

# mutate LINE SOURCE OUT: writes SOURCE with the mutant of that line of mutants.txt.
mutate() {
  perl -e '
    my ($list, $line, $source, $result) = @ARGV;
    open my $in, "<", $list or die; my @all = <$in>;
    my ($from, $to, $into) = ("", "", undef);
    for (@all[$line .. $#all]) {
      last if /^@/ || /^survives:/ || /^#/;
      if (s/^-( |$)//) { $into = \$from } elsif (s/^\+( |$)//) { $into = \$to }
      $$into .= $_ if $into;
    }
    s/\n+\z// for $from, $to;
    open my $code, "<", $source or die "no $source\n"; local $/; my $text = <$code>;
    my $places = () = $text =~ /\Q$from\E/g;
    $places == 1 or die "stands $places times in $source: $from\n";
    $text =~ s/\Q$from\E/$to/;
    open my $out, ">", $result or die; print $out $text;
  ' "$here/tests/mutants.txt" "$@"
}

# One line a mutant: its number in the file, and what stands behind the @.
mutants() { grep -n '^@' "$here/tests/mutants.txt" | sed 's/^\([0-9]*\):@ */\1|/' | grep -E "$1"; }

if [ "$pattern" = --fit ]; then
  mutants . | {
    failed=0
    while IFS='|' read -r line file names words; do
      file=$(echo "$file" | tr -d ' ')
      mutate "$line" "$here/$file" /dev/null || { echo "mutants.txt:$line does not fit $file any more" >&2; failed=1; }
    done
    exit $failed
  }
  exit $?
fi

mkdir -p "$copy" "$build"
[ ! -d /usr/lib/ccache ] || PATH=/usr/lib/ccache:$PATH
export CCACHE_SLOPPINESS=pch_defines,time_macros

# The copy is brought up to date file by file, so that only what differs is compiled again.
(cd "$here" && git ls-files -co --exclude-standard | while read -r file; do [ ! -e "$file" ] || echo "$file"; done | sort) >"$build.files"
while read -r file; do
  cmp -s "$here/$file" "$copy/$file" || { mkdir -p "$copy/$(dirname "$file")" && cp "$here/$file" "$copy/$file"; }
done <"$build.files"
(cd "$copy" && find . -type f | sed 's,^\./,,' | sort) | comm -13 "$build.files" - | while read -r file; do rm "$copy/$file"; done
cmake -S "$copy" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0 -DBROKERLAB_UNITY=OFF -DBROKERLAB_VIZ=ON >"$build.log" 2>&1 ||
  { cat "$build.log" >&2; exit 4; }

# programs NAMES: builds them; quiet.
programs() {
  targets=$(for name in $1; do echo "brokerlab_tests_$name"; done)
  # shellcheck disable=SC2086
  ninja -C "$build" $targets >"$build.log" 2>&1
}

# caught NAMES: the first test that fails: stories, then random lives, then what is compared with files; or nothing.
caught() {
  for kind in unit property golden; do
    for name in $1; do
      abort=--abort
      [ "$name" != base ] || abort=  # a child's failures are a test of its own there
      (cd "$copy" && timeout 1200 "$build/bin/brokerlab_tests_$name" "[$kind]" $abort >"$build.out" 2>&1) && continue
      # The title stands below the first line of dashes; of a program that ended there is no more.
      title=$(awk '/^-+$/ { getline; print; exit }' "$build.out")
      echo "$name: ${title:-the program ends}"
      return
    done
  done
}

mutants "$pattern" >"$build.list"
echo "building what is not broken" >&2
all=$(awk -F'|' '{ print $3 }' "$build.list" | tr -s ' ' '\n' | sort -u | tr '\n' ' ')
programs "$all" || { tail -30 "$build.log" >&2; exit 4; }
good=$(caught "$all")
[ -z "$good" ] || { echo "a test fails without any mutant: $good" >&2; exit 4; }

: >"$table"
total=$(wc -l <"$build.list")
number=0
while IFS='|' read -r line file names words; do
  number=$((number + 1))
  file=$(echo "$file" | tr -d ' ')
  what=$(echo "$words" | sed 's/^ *//')
  reason=$(awk -v from="$line" 'NR > from && /^@/ { exit } NR > from && /^survives:/ { sub(/^survives: */, ""); print }' "$here/tests/mutants.txt")
  mutate "$line" "$here/$file" "$copy/$file" || exit 4
  if ! programs "$names"; then
    result="DOES NOT COMPILE"
  else
    result=$(caught "$names")
  fi
  cp "$here/$file" "$copy/$file"
  if [ -z "$result" ]; then
    [ -n "$reason" ] && result="survives: $reason" || result="SURVIVES"
  fi
  printf '%-30s | %-62s | %s\n' "$file" "$what" "$result" | tee -a "$table"
  printf '[%d/%d]\n' "$number" "$total" >&2
done <"$build.list"

seen=$(grep -cEv 'SURVIVES|DOES NOT COMPILE|survives:' "$table" || true)
echo "$total mutants: $seen caught, $(grep -c 'survives:' "$table" || true) survive with a reason, $(grep -cE 'SURVIVES$|DOES NOT' "$table" || true) without"
! grep -qE 'SURVIVES$|DOES NOT COMPILE' "$table"
