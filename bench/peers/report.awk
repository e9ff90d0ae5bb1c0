# Makes a table of the lines of `run`. First file: contender, answers. Second file: contender, route, requests per second,
# requests, rejected, broken, CPU ticks of the server.

FNR == NR { answers[$1] = $2; next }

{
  key = $1 FS $2
  if (!(key in rounds)) order[++rows] = key
  rate[key, ++rounds[key]] = $3
  rate["busy " key, ++rounds["busy " key]] = $4 * ticks / $7
  if ($5 > 0) refused[key] += $5
  if ($6 > 0) broken[key] += $6
  if ($2 == "cold" && $4 > tokens) again[key] = 1
}

END {
  print "| server | route | requests/s, median | min to max | requests per CPU second, median | min to max | of its own open route | notes |"
  print "|---|---|---|---|---|---|---|---|"
  for (row = 1; row <= rows; row++) {
    key = order[row]
    split(key, part, FS)
    note = part[2] == "open" ? "answers " answers[part[1]] : ""
    if (key in refused) note = note " " refused[key] " answers other than 200"
    if (key in broken) note = note " " broken[key] " connections broken or late"
    if (key in again) note = note " tokens seen again"
    printf "| %s | %s | %s | %s | **%.2f** | %s |\n", part[1], part[2], rates(key), rates("busy " key),
      share("busy " key, "busy " part[1] FS "open"), note
  }
}

function rates(key) {
  spread(key)
  return sprintf("%d | %d to %d", median, least, most)
}

# The median of the rounds' ratios.
function share(key, of,    round) {
  rounds["share"] = rounds[key]
  for (round = 1; round <= rounds[key]; round++) rate["share", round] = rate[key, round] / rate[of, round]
  spread("share")
  return median
}

function spread(key,    i, j, count, sorted, held) {
  count = rounds[key]
  for (i = 1; i <= count; i++) {
    held = rate[key, i]
    for (j = i - 1; j >= 1 && sorted[j] > held; j--) sorted[j + 1] = sorted[j]
    sorted[j + 1] = held
  }
  least = sorted[1]; most = sorted[count]; median = sorted[int((count + 1) / 2)]
}
