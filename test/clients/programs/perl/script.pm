package script;

# Reads ../statements.txt and runs what the environment asks for.

use strict;
use warnings;
use Exporter 'import';
use Time::HiRes qw(sleep time);

our @EXPORT = qw(check poll not_offered run_all);

my $patience = 20;    # seconds that a condition may take to come true

sub show { join '; ', map { ref $_ ? '[' . join(',', map { $_ // 'NULL' } @$_) . ']' : $_ // 'NULL' } ref $_[0] ? @{ $_[0] } : $_[0] }

sub check {
    my ($got, $want) = map { show($_) } @_;
    die "got $got want $want\n" if $got ne $want;
}

sub poll {
    my ($look, $want) = @_;
    my $end = time + $patience;
    while (1) {
        my $got = $look->();
        return if show($got) eq show($want);
        check($got, $want) if time > $end;
        sleep 0.02;
    }
}

sub not_offered { die bless { why => $_[0] }, 'NotOffered' }

sub read_scripts {
    my (%features, $steps);
    open my $file, '<:encoding(UTF-8)', $ENV{STATEMENTS} or die "$ENV{STATEMENTS}: $!";
    while (my $line = <$file>) {
        chomp $line;
        $line =~ s/\$\{DB_NAME\}/$ENV{DB_NAME}/g;
        my ($word, $rest) = split / /, $line, 2;
        next unless defined $word && defined $rest;
        if ($word eq '=' || $word eq '+') {
            $features{$rest} = { whole => $word eq '=', steps => $steps = [] };
        } elsif ($word =~ /^([12])(\??)$/) {
            push @$steps, { on => $1, until => $2, sql => $rest, rows => [], says => ['-', '-'] };
        } elsif ($word eq '>') {
            push @{ $steps->[-1]{rows} }, [map { $_ eq '\N' ? undef : $_ } split /\t/, $rest, -1];
        } elsif ($word eq '!') {
            $steps->[-1]{error} = $rest;
        } elsif ($word eq '~') {
            $steps->[-1]{says} = [split / /, $rest];
        }
    }
    return \%features;
}

sub execute {
    my ($run, $c, $step) = @_;
    my ($rows, $error, @says) = $run->($c, $step->{sql});
    check($error, $step->{error} // '');
    return if $error;
    check($rows, $step->{rows});
    for my $i (0, 1) {
        check($says[$i], $step->{says}[$i]) if $step->{says}[$i] ne '-';
    }
}

sub script {
    my ($connect, $run, $first, $steps) = @_;
    my %connections = (1 => $first);
    for my $step (@$steps) {
        my $c = $connections{ $step->{on} } //= $connect->();
        if ($step->{until}) {
            poll(sub { ($run->($c, $step->{sql}))[0] }, $step->{rows});
        } else {
            execute($run, $c, $step);
        }
    }
}

sub run_all {
    my ($connect, $run, $native) = @_;
    $| = 1;
    binmode STDOUT, ':encoding(UTF-8)';
    my $scripts = read_scripts();
    for my $name (split / /, $ENV{FEATURES}) {
        my $line = "ok $name";
        eval {
            my $given = $scripts->{$name};
            not_offered('the driver has nothing of the kind') unless $native->{$name} || $given && $given->{whole};
            my $c = $connect->();
            script($connect, $run, $c, $given->{steps}) if $given;
            my $seen = $native->{$name} ? $native->{$name}->($c) : undef;
            $line .= ": $seen" if defined $seen && $seen !~ /^[01]?$/;
            1;
        } or do {
            my $why = $@;
            $line = ref $why eq 'NotOffered' ? "n/a $name: $why->{why}" : "FAIL $name: $why";
        };
        $line =~ s/\n/ /g;
        $line =~ s/ +$//;
        print "$line\n";
    }
}

1;
