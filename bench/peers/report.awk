# From the lines of `run` to a table. First file: contender, answers. Second file: contender, route, requests a second,
# requests, refused, broken.

FNR == NR { answers[$1] = $2; next }

{
  key = $1 FS $2
  if (!(key in rounds)) order[++rows] = key
  rate[key, ++rounds[key]] = $3
  if ($5 > 0) refused[key] += $5
  if ($6 > 0) broken[key] += $6
  if ($2 == "cold" && $4 > tokens) again[key] = 1
}

END {
  print "| server | route | requests/s, median | min to max | of its own open route | notes |"
  print "|---|---|---|---|---|---|"
  for (row = 1; row <= rows; row++) {
    key = order[row]
    split(key, part, FS)
    note = part[2] == "open" ? "answers " answers[part[1]] : ""
    if (key in refused) note = note " " refused[key] " answers other than 200"
    if (key in broken) note = note " " broken[key] " connections broken or late"
    if (key in again) note = note " tokens seen again"
    spread(key)
    rates = sprintf("%d | %d to %d", median, least, most)
    open = part[1] FS "open"
    for (round = 1; round <= rounds[key]; round++) rate["ratio", round] = rate[key, round] / rate[open, round]
    rounds["ratio"] = rounds[key]
    spread("ratio")
    printf "| %s | %s | %s | **%.2f** | %s |\n", part[1], part[2], rates, median, note
  }
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
