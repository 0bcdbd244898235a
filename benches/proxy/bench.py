"""Runs each proxy in turn under the same loads and prints what they cost.

usage: bench.py BUILD_DIR RECORD_BINARY     (run.sh calls it)
"""
import base64
import os
import re
import shutil
import signal
import subprocess
import sys
import time

build, record = map(os.path.abspath, sys.argv[1:])
seconds = os.environ.get('SECONDS_EACH', '5')
ticks = os.sysconf('SC_CLK_TCK')
ORIGIN = 18080
work = os.path.join(build, 'work-%d' % os.getpid())   # a new folder: a deleted one slows the disk
os.makedirs(os.path.join(work, 'www'))


def start(*command, **more):
    return subprocess.Popen(command, stdout=more.pop('stdout', subprocess.DEVNULL), stderr=subprocess.DEVNULL, **more)


def await_port(port):
    for _ in range(300):
        if subprocess.run(['curl', '-s', '-o', os.devnull, 'http://127.0.0.1:%d/' % port]).returncode != 7:
            return
        time.sleep(0.1)
    raise SystemExit('nothing listens on %d' % port)


def origin():
    conf = os.path.join(work, 'nginx.conf')
    temp = ''.join('%s_temp_path %s/%s;\n' % (name, work, name) for name in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
    with open(conf, 'w') as out:
        out.write('''worker_processes 1; daemon off; pid %(work)s/nginx.pid; error_log %(work)s/nginx.err;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 100000000; client_max_body_size 0; sendfile on; %(temp)s
  server { listen 127.0.0.1:%(port)d; root %(work)s/www;
    location = /small { default_type application/json;
      return 200 '{"images": [{"id": "36dc4b5a-2b4c-4d04-a2ec-f5b8a9bdfc23", "name": "cirros", "status": "active"}]}'; }
    location = /up { return 200 'ok'; } } }
''' % {'work': work, 'temp': temp, 'port': ORIGIN})
    with open(os.path.join(work, 'www', '100m'), 'wb') as out:
        for _ in range(100):
            out.write(os.urandom(1 << 20))
    with open(os.path.join(work, 'www', '10g'), 'wb') as out:
        out.truncate(10 << 30)
    process = start('nginx', '-c', conf)
    await_port(ORIGIN)
    return process


def docgen():
    process = start(record, '--proxy', stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    url = process.stdout.readline().split()[0]
    user, port = re.fullmatch(r'http://(.*)@127\.0\.0\.1:(\d+)', url).groups()
    return process, int(port), user


def mitmdump():
    port = 18082
    process = start(os.path.join(build, 'mitm/bin/mitmdump'), '-q', '--listen-host', '127.0.0.1', '-p', str(port),
                    '--set', 'confdir=' + os.path.join(work, 'mitm'), '-w', os.path.join(work, 'flows'))
    await_port(port)
    return process, port, None


def squid():
    port = 18083
    conf = os.path.join(work, 'squid.conf')
    with open(conf, 'w') as out:
        out.write('''http_port 127.0.0.1:%d
acl all_sources src 127.0.0.1
http_access allow all_sources
cache deny all
access_log none
cache_log /dev/null
pid_filename none
coredump_dir %s
''' % (port, work))
    process = start('squid', '-N', '-f', conf)
    await_port(port)
    return process, port, None


def hudsucker():
    port = 18084
    process = start(os.path.join(build, 'hudsucker/release/bare-hudsucker'), str(port))
    await_port(port)
    return process, port, None


def stat(pid, key):
    with open('/proc/%d/status' % pid) as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(key))


def cpu(pid):
    with open('/proc/%d/stat' % pid) as line:
        return sum(map(int, line.read().rsplit(')', 1)[1].split()[11:13])) / ticks


def load(port, user, connections):
    script = os.path.join(work, 'wrk.lua')
    target = 'http://127.0.0.1:%d' % ORIGIN
    with open(script, 'w') as out:
        out.write('wrk.path = "%s/small"\nwrk.headers["Host"] = "127.0.0.1:%d"\n' % (target if port != ORIGIN else '', ORIGIN))
        if user:
            out.write('wrk.headers["Proxy-Authorization"] = "Basic %s"\n' % base64.b64encode(user.encode()).decode())
    said = subprocess.run(['wrk', '-t1', '-c%d' % connections, '-d' + seconds, '--latency', '-s', script, 'http://127.0.0.1:%d' % port],
                          capture_output=True, text=True, check=True).stdout
    if 'Non-2xx' in said:
        raise SystemExit(said)
    return int(re.search(r'(\d+) requests in', said)[1]), re.search(r'50%\s+(\S+)', said)[1], re.search(r'99%\s+(\S+)', said)[1]


def transfer(port, user, path, *more):
    proxy = ['-x', 'http://%s127.0.0.1:%d' % (user + '@' if user else '', port)] if port != ORIGIN else []
    said = subprocess.run(['curl', '-sf', *proxy, '-o', os.devnull, '-w', '%{time_starttransfer} %{time_total}', *more,
                           'http://127.0.0.1:%d%s' % (ORIGIN, path)], capture_output=True, text=True, check=True).stdout
    return [float(word) for word in said.split()]


def measure(name, begin):
    process, port, user = begin()
    try:
        row = [name]
        one, median, p99 = load(port, user, 1)
        row += ['%d/s' % (one / float(seconds)), median, p99]
        before = cpu(process.pid)
        memory = stat(process.pid, 'VmRSS')
        many, _, _ = load(port, user, 16)
        grown = stat(process.pid, 'VmRSS') - memory
        row += ['%d/s' % (many / float(seconds)), '%.1f us' % ((cpu(process.pid) - before) / many * 1e6),
                '%.2f MiB' % (grown / 1024 / many * 20000)]
        times = sorted((transfer(port, user, '/100m') for _ in range(5)), key=lambda pair: pair[1])
        row += ['%.0f ms' % (times[2][1] * 1e3), '%.1f ms' % (min(time[0] for time in times) * 1e3)]
        row += ['%.1f MiB' % (stat(process.pid, 'VmHWM') / 1024)]
        if os.environ.get('BIG') and name == 'docgen':
            transfer(port, user, '/10g')
            transfer(port, user, '/up', '-T', os.path.join(work, 'www', '10g'))
            row += ['%.1f MiB after 10 GiB down and up' % (stat(process.pid, 'VmHWM') / 1024)]
        print(' | '.join(row), flush=True)
        if process.stdin:
            process.stdin.close()
            recorded = int(process.stdout.read().split()[0])
            expected = one + many + 5 + (2 if os.environ.get('BIG') else 0)
            # wrk does not count what was under way when its time was over.
            if not 0 <= recorded - expected <= 17:
                raise SystemExit('recorded %d of %d' % (recorded, expected))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


server = None
try:
    server = origin()
    print('proxy | 1 connection | median | p99 | 16 connections | CPU a request | memory for 20,000 | 100 MiB (median of 5) | first byte | peak memory')
    measure('none (nginx itself)', lambda: (start('sleep', '1000'), ORIGIN, None))
    for name, begin in (('docgen', docgen), ('bare hudsucker', hudsucker), ('squid', squid), ('mitmdump -w', mitmdump)):
        measure(name, begin)
finally:
    if server:
        server.terminate()
        server.wait()
    shutil.rmtree(work)
