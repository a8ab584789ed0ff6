# frozen_string_literal: true

# Reads ../statements.txt and runs what the environment asks for.

require 'bigdecimal'

PATIENCE = 20 # seconds that a condition may take to come true

class NotOffered < StandardError; end

def check(got, want)
  raise "got #{got.inspect} want #{want.inspect}" unless got == want
end

def poll(want)
  ends = Process.clock_gettime(Process::CLOCK_MONOTONIC) + PATIENCE
  until (got = yield) == want
    check(got, want) if Process.clock_gettime(Process::CLOCK_MONOTONIC) > ends
    sleep 0.02
  end
end

def read_scripts
  features = {}
  steps = nil
  File.read(ENV['STATEMENTS'], encoding: 'UTF-8').gsub('${DB_NAME}', ENV['DB_NAME']).each_line(chomp: true) do |line|
    word, rest = line.split(' ', 2)
    case word
    when '=', '+' then features[rest] = { whole: word == '=', steps: steps = [] }
    when /\A[12]\??\z/ then steps << { on: word[0], until: word.length > 1, sql: rest, rows: [], says: %w[- -] }
    when '>' then steps.last[:rows] << rest.split("\t", -1).map { |v| v == '\N' ? nil : v }
    when '!' then steps.last[:error] = rest
    when '~' then steps.last[:says] = rest.split
    end
  end
  features
end

def as_text(rows) = rows.map { |row| row.map { |v| v&.to_s } }

def execute(c, step, error_of)
  begin
    rows, says = run(c, step[:sql])
  rescue StandardError => e
    raise unless step[:error]

    return check(error_of.call(e), step[:error])
  end
  check('no error', step[:error]) if step[:error]
  check(as_text(rows), step[:rows])
  says.zip(step[:says]).each { |got, want| check(got.to_s, want) unless want == '-' }
end

def script(first, steps, error_of)
  connections = { '1' => first }
  steps.each do |step|
    c = connections[step[:on]] ||= connect
    if step[:until]
      poll(step[:rows]) { as_text(run(c, step[:sql])[0]) }
    else
      execute(c, step, error_of)
    end
  end
ensure
  connections['2']&.close
end

def run_all(native, &error_of)
  $stdout.sync = true
  scripts = read_scripts
  ENV['FEATURES'].split.each do |name|
    given = scripts[name]
    line = "ok #{name}"
    begin
      raise NotOffered, 'the driver has nothing of the kind' unless native[name] || given&.fetch(:whole)

      c = connect
      script(c, given[:steps], error_of) if given
      seen = native[name]&.call(c)
      line += ": #{seen}" if seen.is_a?(String) && seen != ''
    rescue NotOffered => e
      line = "n/a #{name}: #{e.message}"
    rescue StandardError => e
      line = "FAIL #{name}: #{e.message}"
    end
    puts line.tr("\n", ' ')
    c&.close
  end
end
