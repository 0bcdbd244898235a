"""Serves Keystone or Glance on 127.0.0.1, and writes down what it is asked.

usage: serve.py keystone|glance PREFIX PORT

CLOUD_LOG is a folder: access.jsonl gets a line for each request, secrets.txt each token.
A request with X-Forwarded-Proto came through the front, from a client; others are the
services' own.
"""
import json
import os
import sys
import time

import waitress

service, prefix, port = sys.argv[1:]
sys.argv = [service]              # oslo.config must not read our arguments
if service == 'keystone':
    from keystone.server.wsgi import initialize_public_application as make
else:
    from glance.common.wsgi_app import init_app as make

application = make()
access = open(os.path.join(os.environ['CLOUD_LOG'], 'access.jsonl'), 'a', buffering=1)
secrets = open(os.path.join(os.environ['CLOUD_LOG'], 'secrets.txt'), 'a', buffering=1)


def logged(environ, start_response):
    scheme = environ.get('HTTP_X_FORWARDED_PROTO')
    environ['wsgi.url_scheme'] = scheme or 'http'
    line = {
        'time': time.time(), 'service': service, 'client': bool(scheme),
        'method': environ['REQUEST_METHOD'],
        'path': environ.get('SCRIPT_NAME', '') + environ['PATH_INFO'],
        'query': environ.get('QUERY_STRING', ''),
    }

    def started(status, headers, exc_info=None):
        line['status'] = int(status.split()[0])
        access.write(json.dumps(line) + '\n')
        for name, value in headers:
            if name.lower() == 'x-subject-token':
                secrets.write(value + '\n')
        return start_response(status, headers, exc_info)
    return application(environ, started)


# One thread: with more, writers meet "database is locked".
waitress.serve(logged, host='127.0.0.1', port=int(port), url_prefix=prefix, threads=1, ident=None,
               clear_untrusted_proxy_headers=False)
