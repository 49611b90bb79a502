#!/bin/bash
# The real Request Tracker 5, from Debian's packages, on loopback with SQLite.
#   .ci/rt.sh install installs it if need be
#   .ci/rt.sh start   does that, prepares queues, fields and accounts, starts it
#   .ci/rt.sh stop    stops it
# Needs root on Debian. RT_PORT is its port; the state, with a token an account, is in RT_STATE.
set -euo pipefail
cd "$(dirname "$0")/.."
port=${RT_PORT:-8101}
state=${RT_STATE:-$PWD/.build/rt}
# Starman pins a process to each connection that is kept open: more processes than clients keep.
workers=8

install_packages() {
  dpkg -s request-tracker5 rt5-standalone starman >/dev/null 2>&1 && return
  echo "installing Request Tracker 5 from Debian's packages"
  debconf-set-selections <<EOF
request-tracker5 request-tracker5/rtname string desk.test
request-tracker5 request-tracker5/organization string desk.test
request-tracker5 request-tracker5/correspondaddress string rt@desk.test
request-tracker5 request-tracker5/commentaddress string rt-comment@desk.test
request-tracker5 request-tracker5/webbaseurl string http://127.0.0.1:$port
request-tracker5 request-tracker5/initial-root-password password $(head -c 18 /dev/urandom | base64)
request-tracker5 request-tracker5/handle-siteconfig-permissions boolean true
request-tracker5 request-tracker5/dbconfig-install boolean true
request-tracker5 request-tracker5/database-type select sqlite3
EOF
  mkdir -p "$state"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 \
    request-tracker5 rt5-standalone rt5-db-sqlite starman curl >"$state/apt.log" 2>&1 || { tail -40 "$state/apt.log"; exit 1; }
}

configure() {
  cat > /etc/request-tracker5/RT_SiteConfig.d/70-deskbridge.pm <<EOF
Set(\$WebDomain, '127.0.0.1');
Set(\$WebPort, $port);
Set(\$WebBaseURL, 'http://127.0.0.1:$port');
Set(\$WebURL, 'http://127.0.0.1:$port/');
Set(\$WebPath, '');
Set(\$LogToSyslog, undef);
Set(\$LogToSTDERR, 'warning');
Set(\$MailCommand, 'testfile'); # no mail leaves
Set(\$RestrictReferrer, 0);
Set(\$BcryptCost, 4); # REST2 checks the token by bcrypt at each call: stock cost is a quarter of a second
1;
EOF
  chown root:www-data /etc/request-tracker5/RT_SiteConfig.d/70-deskbridge.pm
  chmod 640 /etc/request-tracker5/RT_SiteConfig.d/70-deskbridge.pm
}

# RT runs as www-data, which may not be allowed into the checkout: its files are in a folder of its own.
home=/var/lib/deskbridge-rt

prepare() {
  mkdir -p "$home" "$state"
  cat > "$home/prepare.pl" <<'EOF'
use strict; use warnings;
use lib '/usr/share/request-tracker5/lib';
use RT -init; use RT::AuthToken;
my ($home) = @ARGV;
my $system = RT->SystemUser;
sub ok { my ($id, $message) = @_; die "prepare: $message\n" unless $id; }
sub grant { my ($user, $object, @rights) = @_; $user->PrincipalObj->GrantRight(Right => $_, Object => $object) for @rights; }
sub field {
  my ($name, $type, @objects) = @_;
  my $field = RT::CustomField->new($system);
  $field->LoadByName(Name => $name, LookupType => $type);
  ok($field->Create(Name => $name, Type => 'FreeformSingle', LookupType => $type, MaxValues => 1)) unless $field->id;
  for my $object (@objects) { $field->AddToObject($object) unless $field->IsAdded($object->id || 0) }
  return $field;
}
my @queues = map { my $queue = RT::Queue->new($system); $queue->Load($_); ok($queue->Create(Name => $_)) unless $queue->id; $queue } qw(Support Hardware);
my $key = field('ExternalID', 'RT::Queue-RT::Ticket', @queues);
my $employee = field('ExternalUserID', 'RT::User', RT::User->new($system));
my %users = map { my $user = RT::User->new($system); $user->Load($_); ok($user->Create(Name => $_, EmailAddress => "$_\@desk.test", Privileged => 1)) unless $user->id; ($_ => $user) } qw(bridge weak root);
grant($users{bridge}, RT->System, qw(AdminUsers));
for my $queue (@queues) {
  grant($users{bridge}, $queue, qw(SeeQueue ShowTicket CreateTicket ReplyToTicket CommentOnTicket ModifyTicket ShowTicketComments SeeCustomField ModifyCustomField));
}
grant($users{bridge}, $_, qw(SeeCustomField ModifyCustomField)) for $key, $employee;
for my $name (keys %users) {
  next if -s "$home/token.$name";
  my $token = RT::AuthToken->new($system);
  my ($id, $message, $text) = $token->Create(Owner => $users{$name}->id, Description => 'deskbridge tests');
  ok($id, $message);
  open my $file, '>', "$home/token.$name" or die $!;
  print $file $text; close $file;
}
EOF
  chown -R www-data "$home"
  su -s /bin/sh www-data -c "perl $home/prepare.pl $home" >"$home/prepare.log" 2>&1 || { cat "$home/prepare.log"; exit 1; }
  for name in root bridge weak; do install -m 600 "$home/token.$name" "$state/token.$name"; done
}

answers() { curl -fsS -o /dev/null "http://127.0.0.1:$port/REST/2.0/rt" -H "Authorization: token $(cat "$state/token.root")" 2>/dev/null; }

start() {
  mkdir -p "$state"
  install_packages
  configure
  prepare
  answers && { echo "Request Tracker runs already at http://127.0.0.1:$port"; return; }
  setsid su -s /bin/sh www-data -c "echo \$\$ > $home/pid; exec /usr/share/request-tracker5/libexec/rt-server --server Starman --workers $workers --host 127.0.0.1 --port $port" >"$state/log" 2>&1 </dev/null &
  for _ in $(seq 1 240); do
    answers && { echo "Request Tracker runs at http://127.0.0.1:$port"; return; }
    sleep .25
  done
  echo "Request Tracker does not answer; its log:"
  tail -20 "$state/log"
  exit 1
}

stop() {
  [ -s "$home/pid" ] && kill "$(cat "$home/pid")" 2>/dev/null || true
  rm -f "$home/pid"
}

case "${1:-}" in
install) install_packages ;;
start) start ;;
stop) stop ;;
*) echo "usage: .ci/rt.sh install|start|stop"; exit 2 ;;
esac
