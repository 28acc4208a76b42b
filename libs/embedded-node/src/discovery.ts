import { randomUUID } from 'node:crypto';
import * as gossip from '@eventstore/db-client/generated/gossip_pb';
import * as features from '@eventstore/db-client/generated/serverfeatures_pb';
import * as shared from '@eventstore/db-client/generated/shared_pb';
import type { Member } from './place.js';

/** Reported to clients; the newest server whose behaviour is followed here. */
const SERVER_VERSION = '24.10.0';

/** What the client asks before its first append. */
export const supportedMethods = (): features.SupportedMethods => {
  const supported = new features.SupportedMethods();
  supported.setEventStoreServerVersion(SERVER_VERSION);
  const methods: [string, string, string[]][] = [
    ['event_store.client.streams.Streams', 'Append', []],
    ['event_store.client.streams.Streams', 'BatchAppend', []],
    ['event_store.client.streams.Streams', 'Delete', []],
    ['event_store.client.streams.Streams', 'Tombstone', []],
    ['event_store.client.streams.Streams', 'Read', ['position', 'events']],
    ['event_store.client.gossip.Gossip', 'Read', []],
    ['event_store.client.server_features.ServerFeatures', 'GetSupportedMethods', []],
  ];
  for (const [service, method, featureNames] of methods) {
    const entry = new features.SupportedMethod();
    entry.setServiceName(service.toLowerCase()).setMethodName(method.toLowerCase());
    entry.setFeaturesList(featureNames);
    supported.addMethods(entry);
  }
  return supported;
};

const STATES = {
  leader: gossip.MemberInfo.VNodeState.LEADER,
  follower: gossip.MemberInfo.VNodeState.FOLLOWER,
  unknown: gossip.MemberInfo.VNodeState.UNKNOWN,
} as const;

/** What gossip says. */
export const clusterOf = (members: readonly Member[]): gossip.ClusterInfo => {
  const cluster = new gossip.ClusterInfo();
  for (const { host, port, standing, isAlive } of members) {
    const member = new gossip.MemberInfo();
    const id = new shared.UUID();
    id.setString(instanceOf(port));
    member.setInstanceId(id);
    member.setTimeStamp(String(Date.now() * 10_000));
    member.setState(STATES[standing]);
    member.setIsAlive(isAlive);
    member.setHttpEndPoint(new gossip.EndPoint().setAddress(host).setPort(port));
    cluster.addMembers(member);
  }
  return cluster;
};

const instances = new Map<number, string>();
const instanceOf = (port: number): string => {
  const known = instances.get(port) ?? randomUUID();
  instances.set(port, known);
  return known;
};
