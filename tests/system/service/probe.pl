# SPDX-License-Identifier: BSD-3-Clause
# Runs as the service does. Prints what it can reach, one line for each attempt: WHAT TARGET: RESULT.
use strict;
use Socket;

sub result { return $_[0] ? "done" : "$!" }

sub read_file { open(my $file, "<", $_[0]) or return result(0); return result(defined read($file, my $data, 1)) }
sub write_file { open(my $file, ">>", $_[0]) or return result(0); return "done" }
sub update { return result(sysopen(my $file, $_[0], 2)) }
sub connect_to { socket(my $s, PF_UNIX, SOCK_STREAM, 0) or return result(0); return result(connect($s, pack_sockaddr_un($_[0]))) }
sub open_socket { return result(socket(my $s, $_[0], $_[0] == PF_UNIX ? SOCK_STREAM : SOCK_DGRAM, 0)) }

my %how = (read => \&read_file, write => \&write_file, update => \&update, connect => \&connect_to, socket => \&open_socket);
open(my $out, ">", shift) or die "$!";
while (my ($what, $target) = splice(@ARGV, 0, 2)) {
	print $out "$what $target: ", $how{$what}->($target), "\n";
}
