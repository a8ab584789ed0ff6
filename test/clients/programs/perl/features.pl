# The features of DBD::mysql and DBD::MariaDB; the driver's name is the only
# argument. ../../README.md says how programs work.

use strict;
use warnings;
use utf8;
use DBI;
use FindBin;
use lib $FindBin::Bin;
use script;

my $driver = shift;
my $p      = $driver eq 'mysql' ? 'mysql_' : 'mariadb_';
my $unread = "DBD::MariaDB 1.22 reads no row of a result that it does not store";
my $MIB    = 1 << 20;
my $BIG    = "SELECT seq, REPEAT('x', 40) FROM seq_1_to_100000";

sub connect_with {
    my %o   = (database => $ENV{DB_NAME}, password => $ENV{DB_PASSWORD}, dsn => '', @_);
    my $dsn = "dbi:$driver:database=$o{database};host=$ENV{DB_HOST};port=$ENV{DB_PORT};${p}connect_timeout=30;${p}local_infile=1;${p}client_found_rows=0$o{dsn}";
    my %utf8 = $driver eq 'mysql' ? (mysql_enable_utf8mb4 => 1) : ();
    my $c = DBI->connect($dsn, $ENV{DB_USER}, $o{password}, { RaiseError => 1, PrintError => 0, AutoCommit => 1, %utf8, %{ $o{with} // {} } });
    $c->do("select library $ENV{CORE}") if $ENV{CORE};
    return $c;
}

# Returns rows, number and SQLSTATE of the error or '', affected rows, insert id.
sub run {
    my ($c, $sql) = @_;
    my ($s, $n);
    my $ok = eval { $s = $c->prepare($sql); $n = $s->execute; 1 };
    return ([], $s ? $s->err . ' ' . $s->state : $c->err . ' ' . $c->state) unless $ok;
    my $rows = $s->{NUM_OF_FIELDS} ? $s->fetchall_arrayref : [];
    return ($rows, '', $n eq '0E0' ? 0 : $n, $s->{"${p}insertid"});
}

sub rows {
    my ($rows, $error) = run(@_);
    die "$_[1]: $error\n" if $error;
    return $rows;
}

sub one { rows(@_)->[0][0] }

sub refused {
    my ($want, %options) = @_;
    my $ok = eval { connect_with(%options); 1 };
    check($ok ? 'no error' : $DBI::err . ' ' . $DBI::state, $want);
}

# Kills a sleeping statement from another process' connection.
sub killed {
    my ($c, $kill) = @_;
    my $id  = $c->{"${p}thread_id"};
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        $c->{InactiveDestroy} = 1;
        my $done = eval {
            my $d = connect_with();
            poll(sub { one($d, "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info = 'SELECT SLEEP(30)'") }, 1);
            $d->do("$kill $id");
            $d->disconnect;
            1;
        };
        require POSIX;
        POSIX::_exit($done ? 0 : 1);
    }
    my (undef, $error) = run($c, 'SELECT SLEEP(30)');
    waitpid $pid, 0;
    die "the second connection could not kill\n" if $?;
    return $error;
}

sub prepared {
    my ($c, $sql, @values) = @_;
    my $s = $c->prepare($sql, { "${p}server_prepare" => 1 });
    $s->execute(@values);
    return $s->{NUM_OF_FIELDS} ? $s->fetchall_arrayref : [];
}

my %native = (
    'server-version' => sub { $_[0]{"${p}serverinfo"} },
    'thread-id'      => sub { check(one($_[0], 'SELECT CONNECTION_ID()'), $_[0]{"${p}thread_id"}) },
    'access-denied'    => sub { refused('1045 28000', password => 'wrong') },
    'unknown-database' => sub { refused('1049 42000', database => 'no_such_database') },
    'ping'       => sub { check($_[0]->ping, 1) },
    'statistics' => sub { check(substr($_[0]{"${p}stat"}, 0, 6), 'Uptime') },
    'tls'        => sub { not_offered('built with libmariadb the driver cannot insist on TLS') },
    'compression' => sub { check(length one(connect_with(dsn => ";${p}compression=1"), "SELECT REPEAT('z', 1000000)"), 1000000) },
    'text-types'  => sub {
        my $kinds = rows($_[0], 'SELECT i8, u8, i16, i24, i64, u64, f, d, dc, dt, tm, ts, y, HEX(vb), HEX(bl), tx, HEX(bt), en, st, js, nu FROM kinds ORDER BY id');
        join ' / ', map { join '|', map { $_ // 'NULL' } @$_ } @$kinds;
    },
    'prepared-types' => sub {
        my ($c) = @_;
        my $s = $c->prepare('INSERT INTO bound VALUES (?, ?, ?, ?, ?, ?, ?, ?)', { "${p}server_prepare" => 1 });
        my @types = (4, -5, 8, 12, 12, 12, -4, 12);    # DBI's: integer, bigint, double, varchar, longvarbinary
        my @values = (10, '-9007199254740991', 2.5, '12345.678', '2024-02-29 12:34:56', 'Käthe 😀', "\0\xff\\'", undef);
        $s->bind_param($_ + 1, $values[$_], $types[$_]) for 0 .. $#values;
        $s->execute;
        check(rows($c, "SELECT CONCAT_WS('|', id, i64, d, dc, ts, tx, HEX(bl), nu IS NULL) FROM bound"), [['10|-9007199254740991|2.5|12345.67800|2024-02-29 12:34:56|Käthe 😀|00FF5C27|1']]);
        join '|', map { $_ // 'NULL' } @{ prepared($c, 'SELECT id, i64, d, dc, ts, tx, nu FROM bound WHERE id = ?', 10)->[0] };
    },
    'prepared-reexecute' => sub {
        my $s = $_[0]->prepare('SELECT ?', { "${p}server_prepare" => 1 });
        my @got;
        for my $v (41, 'text', undef, '2.5', 42) {
            $s->execute($v);
            push @got, $s->fetchall_arrayref->[0][0];
        }
        check([\@got], [[41, 'text', undef, '2.5', 42]]);
    },
    'prepared-many-parameters' => sub {
        check(prepared($_[0], 'SELECT COUNT(*) FROM seq_1_to_5000 WHERE seq IN (?' . ',?' x 1999 . ')', 1 .. 2000), [[2000]]);
    },
    'found-rows-flag' => sub {
        check((run($_[0], 'UPDATE matched SET n = n'))[2], 0);
        check((run(connect_with(dsn => ";${p}client_found_rows=1"), 'UPDATE matched SET n = n'))[2], 2);
    },
    'warning-count' => sub {
        my $s = $_[0]->prepare('SELECT 1/0');
        $s->execute;
        check($s->{"${p}warning_count"}, 1);
    },
    'multi-statements' => sub {
        my $d = connect_with(dsn => ";${p}multi_statements=1");
        my $s = $d->prepare("SELECT 1; INSERT INTO several VALUES (5), (6); SELECT 2, 'b'");
        $s->execute;
        check($s->fetchall_arrayref, [[1]]);
        $s->more_results;
        check($s->rows, 2);
        $s->more_results;
        check($s->fetchall_arrayref, [[2, 'b']]);
    },
    'procedure-results' => sub {
        my $s = $_[0]->prepare('CALL sets_of(4)');
        $s->execute;
        check($s->fetchall_arrayref, [[4, 5]]);
        $s->more_results;
        check($s->fetchall_arrayref, [['x'], ['y']]);
        1 while $s->more_results;
        check(one($_[0], 'SELECT n FROM called'), 4);
    },
    'transaction-api' => sub {
        my ($c) = @_;
        $c->{AutoCommit} = 0;
        $c->do('INSERT INTO api VALUES (1)');
        $c->rollback;
        $c->do('INSERT INTO api VALUES (2)');
        $c->commit;
        $c->{AutoCommit} = 1;
        check(rows($c, 'SELECT id FROM api'), [[2]]);
    },
    'quoting' => sub { check(one($_[0], 'SELECT ' . $_[0]->quote("a\\b'c")), "a\\b'c") },
    'local-infile' => sub {
        my $file = "$ENV{WORK}/perl-infile";
        open my $out, '>', $file or die "$file: $!";
        print $out "$_\tname $_\n" for 0 .. 19999;
        close $out or die "$file: $!";
        rows($_[0], "LOAD DATA LOCAL INFILE '$file' INTO TABLE loaded");
        check(rows($_[0], "SELECT COUNT(*), SUM(id) FROM loaded WHERE name = CONCAT('name ', id)"), [[20000, 199990000]]);
    },
    'large-statement' => sub {
        my $text = 'x' x (20 * $MIB);
        check(one($_[0], "SELECT LENGTH('$text')"), 20 * $MIB);
        check(prepared($_[0], 'SELECT LENGTH(?)', $text), [[20 * $MIB]]);
    },
    'large-row' => sub {
        my ($row) = @{ rows($_[0], "SELECT REPEAT('y', 20971520), 5") };
        check([[length $row->[0], substr($row->[0], -1), $row->[1]]], [[20 * $MIB, 'y', 5]]);
    },
    'large-result' => sub {
        my $sum = 0;
        $sum += $_->[0] for @{ rows($_[0], $BIG) };
        check($sum, 5000050000);
    },
    'streamed-result' => sub {
        not_offered($unread) if $driver ne 'mysql';
        $_[0]{"${p}use_result"} = 1;
        my $s = $_[0]->prepare($BIG);
        $s->execute;
        my $sum = 0;
        while (my $row = $s->fetch) { $sum += $row->[0] }
        check($sum, 5000050000);
    },
    'bulk-insert' => sub {
        my $s = $_[0]->prepare('INSERT INTO bulk VALUES (?, ?)', { "${p}server_prepare" => 1 });
        $_[0]->begin_work;
        $s->execute_array(undef, [0 .. 4999], [('ä') x 5000]);
        $_[0]->commit;
        check(one($_[0], "SELECT COUNT(*) FROM bulk WHERE name = 'ä'"), 5000);
    },
    'kill-query' => sub {
        check(killed($_[0], 'KILL QUERY'), '1317 70100');
        check(one($_[0], 'SELECT 1'), 1);
    },
    'kill-connection' => sub {
        check(killed($_[0], 'KILL') eq '' ? 'no error' : 'lost', 'lost');
        check((run($_[0], 'SELECT 1'))[1] eq '' ? 'no error' : 'lost', 'lost');
    },
    'query-timeout' => sub {
        my (undef, $error) = run(connect_with(dsn => ";${p}read_timeout=1"), 'SELECT SLEEP(31)');
        check((split / /, $error)[0], 2013);
    },
    'abandoned-result' => sub {
        not_offered($unread) if $driver ne 'mysql';
        $_[0]{"${p}use_result"} = 1;
        my $s = $_[0]->prepare($BIG);
        $s->execute;
        check($s->fetch->[0], 1);
        $_[0]->disconnect;
        check(one(connect_with(), 'SELECT 1'), 1);
    },
);

run_all(sub { connect_with() }, \&run, \%native);
