#!/bin/bash
# The real Znuny 6.5, from Debian's package otrs2 (non-free), on loopback with a MariaDB of its own.
#   .ci/znuny.sh install installs it if need be
#   .ci/znuny.sh start   does that, prepares queues, fields and accounts, starts it
#   .ci/znuny.sh stop    stops it and its database
# Needs root on Debian 12. ZNUNY_PORT is its port; credentials, a file an account, are in ZNUNY_STATE.
# Where the package cannot be had it ends with 75; whoever wants to go on without it says so by name:
# DESKBRIDGE_WITHOUT=znuny
set -euo pipefail
cd "$(dirname "$0")/.."
port=${ZNUNY_PORT:-8106}
db_port=${ZNUNY_DB_PORT:-8199}
state=${ZNUNY_STATE:-$PWD/.build/znuny}
# Apache and MariaDB run as accounts that may not be allowed into the checkout.
home=/var/lib/deskbridge-znuny
otrs=/usr/share/otrs
unavailable=75

# Debian's own sources, with non-free beside them, in lists of their own: the machine's stay as they are.
apt() {
  mkdir -p "$home/apt/lists/partial" "$home/apt/parts"
  local mirror
  mirror=$(sed -n 's/^URIs: *\([^ ]*debian\/\{0,1\}\)$/\1/p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -1)
  cp /etc/apt/sources.list.d/debian.sources "$home/apt/parts/" 2>/dev/null || true
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:-http://deb.debian.org/debian} bookworm contrib non-free" > "$home/apt/parts/nonfree.list"
  DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$home/apt/parts" \
    -o Dir::State::lists="$home/apt/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= "$@"
}

installed() { [ -x "$otrs/bin/otrs.Console.pl" ] && command -v mariadbd >/dev/null && command -v apache2 >/dev/null; }

install_packages() {
  installed && return
  echo "installing Znuny from Debian's package otrs2 (non-free)"
  echo 'otrs2 otrs2/dbconfig-install boolean false' | debconf-set-selections
  apt update >"$home/apt.log" 2>&1 || true
  # No package may start a server of its own: Apache and MariaDB run here with their own files.
  local policy=/usr/sbin/policy-rc.d ours=
  [ -e $policy ] || { ours=1; printf '#!/bin/sh\nexit 101\n' > $policy; chmod +x $policy; }
  # otrs2 cannot be configured before there is a database; it is below.
  apt install -y --no-install-recommends otrs2 apache2 mariadb-server mariadb-client \
    libapache2-mod-perl2 libsoap-lite-perl libdbd-mysql-perl >>"$home/apt.log" 2>&1 || true
  [ -z "$ours" ] || rm -f $policy
  installed && return
  tail -20 "$home/apt.log"
  echo "ZNUNY IS MISSING: Debian's package otrs2 (non-free) could not be installed; set DESKBRIDGE_WITHOUT=znuny to go on without the real Znuny"
  exit $unavailable
}

mysql() { mariadb --no-defaults -S "$home/db/sock" -uroot --default-character-set=utf8mb4 "$@"; }

start_database() {
  if [ ! -d "$home/db/data/mysql" ]; then
    mkdir -p "$home/db/data"
    chown -R mysql "$home/db"
    mariadb-install-db --no-defaults --user=mysql --datadir="$home/db/data" --skip-test-db --auth-root-authentication-method=normal >"$home/db/init.log" 2>&1
  fi
  mysql -e 'select 1' >/dev/null 2>&1 && return
  setsid mariadbd --no-defaults --user=mysql --datadir="$home/db/data" --socket="$home/db/sock" --pid-file="$home/db/pid" \
    --skip-name-resolve --bind-address=127.0.0.1 --port="$db_port" --innodb-flush-log-at-trx-commit=2 --max-allowed-packet=64M \
    --innodb-log-file-size=256M --character-set-server=utf8mb4 --collation-server=utf8mb4_unicode_ci >"$home/db/log" 2>&1 </dev/null &
  for _ in $(seq 120); do mysql -e 'select 1' >/dev/null 2>&1 && return; sleep .25; done
  echo "MariaDB does not answer; its log:"; tail -20 "$home/db/log"; exit 1
}

password() { [ -s "$state/$1" ] || (umask 077 && head -c 18 /dev/urandom | base64 | tr -d '+/=' > "$state/$1"); cat "$state/$1"; }

con() { su -s /bin/bash otrs -c "cd $otrs && perl bin/otrs.Console.pl $*" >>"$home/prepare.log" 2>&1; }

configure() {
  if ! mysql -N -e "select 1 from information_schema.tables where table_schema='znuny' and table_name='ticket'" | grep -q 1; then
    mysql -e "create or replace database znuny character set utf8mb4 collate utf8mb4_unicode_ci"
    for file in schema initial_insert schema-post; do mysql znuny < "$otrs/scripts/database/$file.mysql.sql"; done
  fi
  local secret; secret=$(password database)
  mysql -e "create or replace user znuny@'127.0.0.1' identified by '$secret'; grant all on znuny.* to znuny@'127.0.0.1'"
  sed -i "s/^our \$dbuser=.*/our \$dbuser='znuny';/; s/^our \$dbpass=.*/our \$dbpass='$secret';/; s/^our \$dbname=.*/our \$dbname='znuny';/; s/^our \$dbserver=.*/our \$dbserver='127.0.0.1';/; s/^our \$dbport=.*/our \$dbport='$db_port';/; s/^our \$dbtype=.*/our \$dbtype='mysql';/" /etc/otrs/database.pm
  sed -i '/# deskbridge$/d' /etc/otrs/Kernel/Config.pm
  local rpc; rpc=$(password rpc)
  # No mail leaves; times are UTC; rpc.pl is switched on.
  sed -i "0,/^    # ---*\|^    return 1/s||    \$Self->{CheckMXRecord} = 0; \$Self->{CheckEmailAddresses} = 1; \$Self->{SendmailModule} = 'Kernel::System::Email::DoNotSendEmail'; \$Self->{OTRSTimeZone} = 'UTC'; \$Self->{'SOAP::User'} = 'rpc'; \$Self->{'SOAP::Password'} = '$rpc'; # deskbridge\n&|" /etc/otrs/Kernel/Config.pm
  grep -q '# deskbridge$' /etc/otrs/Kernel/Config.pm || { echo "Znuny's Config.pm is not the one that was expected"; exit 1; }
  dpkg -s otrs2 | grep -q '^Status: install ok installed' || DEBIAN_FRONTEND=noninteractive dpkg --configure otrs2 >>"$home/apt.log" 2>&1 || { tail -20 "$home/apt.log"; exit 1; }
}

# The web service is the one that administrators import, see README.
prepare() {
  cp providers/znuny/webservice.yml "$home/soap.yml"
  cat > "$home/prepare.pl" <<'PERL'
use strict; use warnings;
use lib '/usr/share/otrs', '/usr/share/otrs/Kernel/cpan-lib', '/usr/share/otrs/Custom';
use Kernel::System::ObjectManager;
local $Kernel::OM = Kernel::System::ObjectManager->new();
my $fields = $Kernel::OM->Get('Kernel::System::DynamicField');
for my $name ('ExternalID', 'CostCentre') {
  my $known = $fields->DynamicFieldGet(Name => $name);
  next if $known && $known->{ID};
  $fields->DynamicFieldAdd(InternalField => 0, Name => $name, Label => $name, FieldOrder => 999, FieldType => 'Text', ObjectType => 'Ticket',
    Config => {DefaultValue => '', Link => ''}, Reorder => 0, ValidID => 1, UserID => 1) or die "dynamic field $name\n";
}
PERL
  chown -R otrs "$home/soap.yml" "$home/prepare.pl"
  chmod 644 "$home/soap.yml" "$home/prepare.pl"
  : > "$home/prepare.log"
  chmod 666 "$home/prepare.log"
  local service
  service=$(su -s /bin/bash otrs -c "cd $otrs && perl bin/otrs.Console.pl Admin::WebService::List" | sed -n 's/.*Deskbridge (\([0-9]*\)).*/\1/p')
  if [ -n "$service" ]; then
    con "Admin::WebService::Update --webservice-id $service --source-path $home/soap.yml"
  else
    con "Admin::WebService::Add --name Deskbridge --source-path $home/soap.yml"
  fi
  for queue in Support Hardware; do
    con "Admin::Queue::List" && grep -q "$queue" "$home/prepare.log" || con "Admin::Queue::Add --name $queue --group users" || true
  done
  for name in bridge weak; do
    con "Admin::User::Add --user-name $name --first-name $name --last-name Account --email-address $name@desk.test --password $(password $name) $([ $name = weak ] || echo --group users)" ||
      con "Admin::User::SetPassword $name $(password $name)"
  done
  con "Admin::User::SetPassword root@localhost $(password root)"
  su -s /bin/bash otrs -c "perl $home/prepare.pl" >>"$home/prepare.log" 2>&1 || { cat "$home/prepare.log"; exit 1; }
}

answers() { curl -fsS -o /dev/null "http://127.0.0.1:$port/otrs/public.pl" 2>/dev/null; }

start_apache() {
  local workers=4
  mkdir -p /run/otrs "$home/lock"
  chown otrs:www-data /run/otrs
  chmod 2775 /run/otrs
  cat > "$home/httpd.conf" <<CONF
ServerRoot /etc/apache2
ServerName 127.0.0.1
Listen 127.0.0.1:$port
PidFile $home/httpd.pid
DefaultRuntimeDir $home/lock
ErrorLog $home/log
LogLevel warn
User www-data
Group www-data
$(for module in mpm_prefork authz_core alias mime env filter version perl headers; do cat "/etc/apache2/mods-available/$module.load" 2>/dev/null || true; done)
TypesConfig /etc/mime.types
StartServers $workers
MinSpareServers $workers
MaxSpareServers $workers
MaxRequestWorkers $workers
KeepAlive On
KeepAliveTimeout 2
Include $otrs/scripts/apache2-httpd.include.conf
CONF
  apache2 -f "$home/httpd.conf" -k start
  for _ in $(seq 240); do answers && return; sleep .25; done
  echo "Znuny does not answer; its log:"; tail -20 "$home/log"; exit 1
}

start() {
  mkdir -p "$state" "$home"
  answers && [ -s "$state/ready" ] && { echo "Znuny runs already at http://127.0.0.1:$port"; return; }
  stop_apache # mod_perl does not survive that its configuration changes
  install_packages
  start_database
  configure
  prepare
  start_apache
  date > "$state/ready"
  echo "Znuny runs at http://127.0.0.1:$port"
}

stop_apache() {
  [ -s "$home/httpd.pid" ] || return 0
  kill "$(cat "$home/httpd.pid")" 2>/dev/null || true
  for _ in $(seq 40); do [ -e "$home/httpd.pid" ] || return 0; sleep .25; done
  rm -f "$home/httpd.pid"
}

stop() {
  stop_apache
  [ -s "$home/db/pid" ] && kill "$(cat "$home/db/pid")" 2>/dev/null || true
}

case "${1:-}" in
install) mkdir -p "$state" "$home" && install_packages ;;
start) start ;;
stop) stop ;;
*) echo "usage: .ci/znuny.sh install|start|stop"; exit 2 ;;
esac
