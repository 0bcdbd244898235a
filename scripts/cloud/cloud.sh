#!/usr/bin/env bash
# A real Keystone and Glance on 127.0.0.1, from their packages, with SQLite and files; no docker.
# The end-to-end tests and the project's own captures run against it.
#
#   cloud.sh install zed|new   a virtual environment in .build/cloud/RELEASE
#   cloud.sh start RELEASE     starts it, the first time with new databases
#   cloud.sh openrc RELEASE [tls]   variables for the client, for HTTP or HTTPS
#   cloud.sh restart RELEASE NAME   keystone or glance alone, which forgets its own token
#   cloud.sh stop RELEASE
#   cloud.sh wipe RELEASE      (stopped) forgets databases, images and logs
#
# What the servers saw is in .build/cloud/RELEASE/log/access.jsonl, one line a request; the secrets
# that they issued, for tests that look for them, in log/secrets.txt. It listens on loopback only:
# zed on 5180 (HTTP), 5181 (HTTPS), 5182 and 5183; new on 5190 to 5193. CLOUD_DIR is another place
# than .build/cloud, CLOUD_PORT another first port. GLANCE_ENV is more environment for glance, when it is
# started: 'http_proxy=http://127.0.0.1:9301' has it send its requests through a port of docgen's.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) uv=$here/../uv
password=docgen-$(id -u)-cloud-pass

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 2; }
say() { echo "$*" >&2; }

[ $# -ge 2 ] || usage
verb=$1 release=$2
case $release in
    zed) first=5180 pythons='3.8 3.9 3.10' tools='setuptools<66' ;;
    new) first=5190 pythons='3.12 3.11' tools='setuptools<81' ;;
    *) usage ;;
esac
port=${CLOUD_PORT:-$first}
mkdir -p "${CLOUD_DIR:-$here/../../.build/cloud}/$release"
dir=$(cd "${CLOUD_DIR:-$here/../../.build/cloud}/$release" && pwd)
bin=$dir/venv/bin
http=http://127.0.0.1:$port https=https://127.0.0.1:$((port + 1))
front_port=$port keystone_port=$((port + 2)) glance_port=$((port + 3))

python() {        # the first interpreter of the versions that the release runs on
    local version candidate
    for version in $pythons; do
        for candidate in "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python "$(command -v "python$version")"; do
            if [ -x "$candidate" ] && "$candidate" -c 'import venv' 2> /dev/null; then echo "$candidate"; return; fi
        done
    done
    say "no python of $pythons, which $release needs"
    return 1
}

install() {
    if [ -e "$dir/installed" ] && cmp -s "$here/$release.txt" "$dir/installed"; then return; fi
    local interpreter; interpreter=$(python)
    rm -f "$dir/installed"
    "$uv" venv --quiet --clear --python "$interpreter" "$dir/venv"
    # Some of the packages are built here, by this release of setuptools, and ask for it as they run.
    "$uv" pip install --quiet --python "$bin/python" "$tools"
    "$uv" pip install --quiet --python "$bin/python" --no-deps --requirement "$here/$release.txt"
    "$uv" pip check --quiet --python "$bin/python" >&2
    cp "$here/$release.txt" "$dir/installed"
}

configure() {
    mkdir -p "$dir"/etc/glance "$dir"/log "$dir"/run "$dir"/state/{fernet-keys,credential-keys,images,staging,tasks,locks}
    chmod 700 "$dir"/state/*-keys
    cat > "$dir/etc/keystone.conf" <<END
[DEFAULT]
log_file = $dir/log/keystone.log
max_token_size = 16384
[database]
connection = sqlite:///$dir/state/keystone.sqlite
[token]
provider = fernet
[fernet_tokens]
key_repository = $dir/state/fernet-keys
[credential]
key_repository = $dir/state/credential-keys
END
    cp "$dir/venv/etc/glance/glance-api-paste.ini" "$dir/etc/glance/"
    cat > "$dir/etc/glance/glance-api.conf" <<END
[DEFAULT]
log_file = $dir/log/glance.log
enabled_backends = local:file
node_staging_uri = file://$dir/state/staging
worker_self_reference_url = http://127.0.0.1:$glance_port
[database]
connection = sqlite:///$dir/state/glance.sqlite
[glance_store]
default_backend = local
[local]
filesystem_store_datadir = $dir/state/images
[os_glance_staging_store]
filesystem_store_datadir = $dir/state/staging
[os_glance_tasks_store]
filesystem_store_datadir = $dir/state/tasks
[oslo_concurrency]
lock_path = $dir/state/locks
[oslo_messaging_notifications]
driver = noop
[paste_deploy]
flavor = keystone
config_file = $dir/etc/glance/glance-api-paste.ini
[keystone_authtoken]
www_authenticate_uri = $http/identity
auth_url = http://127.0.0.1:$keystone_port/identity
auth_type = password
interface = internal
username = glance
password = $password
user_domain_name = Default
project_name = service
project_domain_name = Default
END
    if [ ! -e "$dir/etc/tls.pem" ]; then
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=127.0.0.1 \
            -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE \
            -keyout "$dir/etc/tls.key" -out "$dir/etc/tls.pem" 2> "$dir/log/openssl.log"
    fi
}

databases() {
    local me group; me=$(id -un) group=$(id -gn)
    "$bin/glance-manage" --config-dir "$dir/etc/glance" --config-file "$dir/etc/glance/glance-api.conf" db_sync > "$dir/log/glance-db.log" 2>&1 &
    local glance=$!
    local manage=("$bin/keystone-manage" --config-file "$dir/etc/keystone.conf")
    {
        "${manage[@]}" db_sync
        "${manage[@]}" fernet_setup --keystone-user "$me" --keystone-group "$group"
        "${manage[@]}" credential_setup --keystone-user "$me" --keystone-group "$group"
        "${manage[@]}" bootstrap --bootstrap-username admin --bootstrap-password "$password" \
            --bootstrap-project-name admin --bootstrap-role-name admin --bootstrap-service-name keystone \
            --bootstrap-region-id RegionOne --bootstrap-public-url "$http/identity" \
            --bootstrap-internal-url "http://127.0.0.1:$keystone_port/identity"
    } > "$dir/log/keystone-db.log" 2>&1
    wait $glance
    # A reader must not keep a writer out.
    for name in keystone glance; do
        "$bin/python" -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("pragma journal_mode=wal")' "$dir/state/$name.sqlite"
    done
}

launch() {        # NAME COMMAND...
    local name=$1; shift
    setsid "$@" > "$dir/log/$name.out" 2>&1 < /dev/null &
    echo $! > "$dir/run/$name.pid"
}

alive() {         # NAME: is what start started still there?
    local pid; pid=$(cat "$dir/run/$1.pid" 2> /dev/null) || return 1
    { tr '\0' ' ' < "/proc/$pid/cmdline"; } 2> /dev/null | grep -qF "$here"
}

listens() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

await() {         # NAME PORT
    for _ in $(seq 600); do
        if listens "$2"; then return; fi
        alive "$1" || { say "$1 ended:"; tail -20 "$dir/log/$1.out" >&2; return 1; }
        sleep 0.1
    done
    say "$1 does not listen"; return 1
}

start() {
    if alive front; then say "it runs already"; return; fi
    for p in $port $((port + 1)) $keystone_port $glance_port; do
        if listens "$p"; then say "port $p is taken; set CLOUD_PORT"; return 1; fi
    done
    if [ -e "$dir/state/port" ] && [ "$port" != "$(cat "$dir/state/port")" ]; then
        say "its catalogue is for port $(cat "$dir/state/port"): wipe it first"; return 1
    fi
    trap 'if [ $? -ne 0 ]; then stop; fi' EXIT
    configure
    [ -e "$dir/state/port" ] || { rm -f "$dir"/state/*.sqlite*; databases; }
    launch_keystone
    launch front "$bin/python" "$here/front.py" "$port" "$dir/etc/tls.pem" "$dir/etc/tls.key" /identity=$keystone_port /image=$glance_port
    await front "$port"
    if [ ! -e "$dir/state/port" ]; then
        "$bin/python" "$here/seed.py" "http://127.0.0.1:$keystone_port/identity" "$password" RegionOne="$http" RegionTLS="$https"
        echo "$port" > "$dir/state/port"
    fi
    launch_glance
}

launch_keystone() {
    launch keystone env CLOUD_LOG="$dir/log" OS_KEYSTONE_CONFIG_FILES="$dir/etc/keystone.conf" "$bin/python" "$here/serve.py" keystone /identity $keystone_port
    await keystone $keystone_port
}

launch_glance() {
    # shellcheck disable=SC2086
    launch glance env CLOUD_LOG="$dir/log" OS_GLANCE_CONFIG_DIR="$dir/etc/glance" ${GLANCE_ENV:-} "$bin/python" "$here/serve.py" glance /image $glance_port
    await glance $glance_port
}

restart() {       # NAME
    case ${1:-} in keystone | glance) ;; *) usage ;; esac
    end "$1"
    "launch_$1"
}

end() {           # NAME
    local pid of=${1}_port
    if alive "$1"; then
        pid=$(cat "$dir/run/$1.pid")
        kill "$pid"
        for _ in $(seq 100); do alive "$1" || break; sleep 0.05; done
        if alive "$1"; then kill -9 "$pid"; fi
        # A process that ends closes its files later than its memory.
        for _ in $(seq 100); do listens "${!of}" || break; sleep 0.05; done
    fi
    rm -f "$dir/run/$1.pid"
}

stop() {
    local name
    for name in front glance keystone; do end $name; done
}

openrc() {
    local base=$http region=RegionOne
    echo "export PATH=\"$bin:\$PATH\""
    if [ "${1:-}" = tls ]; then
        base=$https region=RegionTLS
        echo "export OS_CACERT=$dir/etc/tls.pem"
    fi
    cat <<END
export OS_AUTH_TYPE=password
export OS_AUTH_URL=$base/identity
export OS_IDENTITY_API_VERSION=3
export OS_USERNAME=admin
export OS_PASSWORD=$password
export OS_PROJECT_NAME=admin
export OS_USER_DOMAIN_ID=default
export OS_PROJECT_DOMAIN_ID=default
export OS_REGION_NAME=$region
END
}

case $verb in
    install | start | stop) "$verb" ;;
    restart | openrc) "$verb" "${3:-}" ;;
    wipe) rm -rf "$dir"/{state,etc,log,run} ;;
    *) usage ;;
esac
