import { describe, expect, it } from '@jest/globals';
import { fold, scenario } from '#libs/kernel';
import type { ServerEvent, ServerRegistration } from './agency.events.js';
import { serverDecider, serverKey, type ServerCommand } from './server.decider.js';

const { given } = scenario(serverDecider);
const east: ServerRegistration = { id: 'is-east', kind: 'intermediate-server', url: 'https://is-east.example', signingKeyId: 's1', signingKey: 'p1' };
const system: ServerRegistration = { ...east, id: 'ifs-local', kind: 'interface-system', transportKeyId: 't1', transportKey: 'q1' };
const registered = (data: ServerRegistration): ServerEvent => ({ type: 'ServerRegistered', data });
const register = (data: ServerRegistration): ServerCommand => ({ type: 'RegisterServer', data });
const rotate = (purpose: 'signing' | 'transport', keyId: string, publicKey: string): ServerCommand => ({
  type: 'RotateServerKey',
  data: { purpose, keyId, publicKey },
});
const rotated = (purpose: 'signing' | 'transport', keyId: string, publicKey: string): ServerEvent => ({
  type: 'ServerKeyRotated',
  data: { purpose, keyId, publicKey },
});

describe('registering a server', () => {
  it('enters it', () => given().when(register(east)).then(registered(east)));
  it('enters the same once', () =>
    given(registered(east))
      .when(register({ ...east }))
      .then());
  it('moves it where only its address is another', () => {
    const moved: ServerEvent = { type: 'ServerMoved', data: { url: 'https://other.example' } };
    given(registered(east))
      .when(register({ ...east, url: 'https://other.example' }))
      .then(moved);
    given(registered(east), moved)
      .when(register({ ...east, url: 'https://other.example' }))
      .then();
  });
  it('refuses other particulars', () =>
    given(registered(east))
      .when(register({ ...east, signingKey: 'p2' }))
      .thenRejects('SERVER_ALREADY_REGISTERED'));
  it('refuses an id that is no name', () =>
    given()
      .when(register({ ...east, id: 'East' }))
      .thenRejects('INVALID_INPUT'));
  it.each(['', 'ftp://x', 'http://a b', `http://${'a'.repeat(400)}`])('refuses the address %j', (url) =>
    given()
      .when(register({ ...east, url }))
      .thenRejects('INVALID_INPUT'),
  );
  it('refuses an interface system without a transport key', () =>
    given()
      .when(register({ ...east, kind: 'interface-system' }))
      .thenRejects('INVALID_INPUT'));
  it('refuses a transport key of any other', () =>
    given()
      .when(register({ ...system, kind: 'core' }))
      .thenRejects('INVALID_INPUT'));
  it('refuses a server without a key', () =>
    given()
      .when(register({ ...east, signingKey: '' }))
      .thenRejects('INVALID_INPUT'));
});

describe('a server’s keys', () => {
  it('are replaced', () =>
    given(registered(east))
      .when(rotate('signing', 's2', 'p2'))
      .then(rotated('signing', 's2', 'p2')));
  it('are replaced once', () =>
    given(registered(east), rotated('signing', 's2', 'p2'))
      .when(rotate('signing', 's2', 'p2'))
      .then());
  it('do not come back', () =>
    given(registered(east), rotated('signing', 's2', 'p2'))
      .when(rotate('signing', 's1', 'p1'))
      .thenRejects('KEY_RETIRED'));
  it('do not share an id', () =>
    given(registered(east))
      .when(rotate('signing', 's1', 'p2'))
      .thenRejects('KEY_ID_REUSED'));
  it('are those of a registered server', () =>
    given()
      .when(rotate('signing', 's1', 'p1'))
      .thenRejects('SERVER_NOT_FOUND'));
  it('for sealing are an interface system’s', () => {
    given(registered(east))
      .when(rotate('transport', 't1', 'q1'))
      .thenRejects('INVALID_INPUT');
    given(registered(system))
      .when(rotate('transport', 't2', 'q2'))
      .then(rotated('transport', 't2', 'q2'));
  });
  it('stay known after they were replaced', () => {
    const server = fold(serverDecider, [registered(system), rotated('signing', 's2', 'p2')]);
    if (server.status === 'none') throw new Error('not registered');
    expect(server.current).toEqual({ signing: 's2', transport: 't1' });
    expect([serverKey(server, 'signing', 's1'), serverKey(server, 'signing', 's2'), serverKey(server, 'transport', 's1')]).toEqual(['p1', 'p2', undefined]);
  });
});
