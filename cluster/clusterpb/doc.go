// Package clusterpb holds the messages that nodes exchange by RPC and gossip,
// generated from cluster.proto. Package cluster is their only user.
package clusterpb

//go:generate protoc -I ../.. --go_out=../.. --go_opt=module=github.com/mysqlda/mysqlda --go-grpc_out=../.. --go-grpc_opt=module=github.com/mysqlda/mysqlda cluster/clusterpb/cluster.proto
