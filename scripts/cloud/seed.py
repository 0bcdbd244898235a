"""Fills a new Keystone: projects, the user of Glance, and the endpoints of each region.

usage: seed.py AUTH_URL PASSWORD REGION=BASE_URL...
"""
import sys

from keystoneauth1 import session
from keystoneauth1.identity import v3

auth_url, password = sys.argv[1:3]
keystone = session.Session(v3.Password(
    auth_url + '/v3', username='admin', password=password, project_name='admin',
    user_domain_id='default', project_domain_id='default'))


def one(kind, name, **more):
    """The id of the KIND named NAME, which is made if there is none."""
    where = '%s/v3/%ss' % (auth_url, kind)
    found = keystone.get(where, params={'name': name}).json()[kind + 's']
    if found:
        return found[0]['id']
    return keystone.post(where, json={kind: dict(more, name=name)}).json()[kind]['id']


service = one('project', 'service', domain_id='default')
one('project', 'demo', domain_id='default')
user = one('user', 'glance', domain_id='default', password=password)
for role in ('service', 'admin'):
    keystone.put('%s/v3/projects/%s/users/%s/roles/%s' % (auth_url, service, user, one('role', role)))

identity, image = one('service', 'keystone', type='identity'), one('service', 'glance', type='image')
for arg in sys.argv[3:]:
    region, _, base = arg.partition('=')
    if region != 'RegionOne':
        keystone.post(auth_url + '/v3/regions', json={'region': {'id': region}})
    for api, path in ((identity, '/identity'), (image, '/image')):
        found = keystone.get(auth_url + '/v3/endpoints', params={'service_id': api, 'interface': 'public', 'region_id': region})
        if not found.json()['endpoints']:
            keystone.post(auth_url + '/v3/endpoints', json={'endpoint': {
                'service_id': api, 'interface': 'public', 'region': region, 'url': base + path}})
