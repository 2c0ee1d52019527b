/**
 * Something that happened, in the words that both sides share: in seconds of the scenario's clock.
 *
 * @param who a broker, a server of the ensemble, a client, a partition or a group
 */
record Event(double at, Kind kind, String who, String what) {
  enum Kind {
    SESSION_EXPIRED, // who: broker
    REGISTERED, // who: broker
    EXITED, // who: broker; by itself
    RECOVERED, // who: broker, what: logs loaded after an unclean stop
    ZOOKEEPER_LOST, // who: broker
    ENSEMBLE_LED, // who: server
    CONTROLLER, // who: broker, what: epoch
    STATE, // who: partition, what: leader@epoch[isr]
    REPLICAS, // who: partition, what: its replicas
    TRUNCATED, // who: partition, what: broker
    ERROR, // who: client, what: request and Kafka's name of the error
    CUT_OFF, // who: client, what: broker that is not heard or not reached
    SEND_FAILED, // who: producer, what: name of the error
    ACKNOWLEDGED, // who: partition
    READ, // who: partition
    REBALANCE, // who: group
    STABLE, // who: group, what: generation(members)
    REMOVED, // who: member that was silent for too long
    OPERATION // what: its answer
  }
}
