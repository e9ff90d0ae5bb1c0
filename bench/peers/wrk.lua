-- Sends each request with another token if there is a file of tokens. Prints the result in one line.

local requests, sent = {}, 0

function init(arguments)
  if not arguments[1] then
    return -- wrk's own request, with the headers of the command line
  end
  for token in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format(nil, nil, { Host = wrk.headers.Host, Authorization = "Bearer " .. token })
  end
  -- From here on nothing is allocated, so nothing needs collection.
  collectgarbage("stop")
  function request()
    sent = sent % #requests + 1
    return requests[sent]
  end
end

function done(summary)
  local errors = summary.errors
  io.write(string.format("RESULT %.0f %d %d %d\n", summary.requests * 1e6 / summary.duration, summary.requests,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
