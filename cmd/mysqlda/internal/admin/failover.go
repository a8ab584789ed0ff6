package admin

// SwitchStatus is a change of a library's active server that is under way.
type SwitchStatus struct {
	Phase  string `json:"phase"` // draining, retired, released, fenced or chosen
	From   string `json:"from"`  // address of the server that was active
	To     string `json:"to"`    // of its successor, "" until that is chosen
	Cause  string `json:"cause"` // operator, failed, followed or failback
	Reason string `json:"reason"`
	Forced bool   `json:"forced"`
}

// LeaseStatus says whether the answering node may use libraries that may fail
// over. Times are in seconds.
type LeaseStatus struct {
	Remaining float64 `json:"remaining"` // until it runs out, unless it is renewed; 0 while the node holds none
	Without   float64 `json:"without"`   // since it ran out; 0 while the node holds one
	// Unusable names the libraries that cannot be used through the node for lack of
	// a lease.
	Unusable []string `json:"unusable,omitempty"`
}

// FailoverWords is a policy with its failback, for people.
func FailoverWords(policy string, failback bool) string {
	if failback {
		policy += " with failback"
	}
	return policy
}

// FailoverSettings are the settings that concern changes of active servers, without
// the passwords. Times are in seconds.
type FailoverSettings struct {
	Wait            int64  `json:"wait"`
	Lease           int64  `json:"lease"`
	Cooldown        int64  `json:"cooldown"`
	RequireFencing  bool   `json:"require_fencing"`
	User            string `json:"user"`             // "" for that of the clients
	ReplicationUser string `json:"replication_user"` // "" for the former
}

// FailoverChange is a request to change FailoverSettings. What is nil stays as it
// is.
type FailoverChange struct {
	Wait               *int64   `json:"wait,omitempty"`
	Lease              *int64   `json:"lease,omitempty"` // cannot become shorter
	Cooldown           *int64   `json:"cooldown,omitempty"`
	RequireFencing     *bool    `json:"require_fencing,omitempty"`
	Account            *Account `json:"account,omitempty"`
	ReplicationAccount *Account `json:"replication_account,omitempty"`
}

// Account is a user with its password.
type Account struct {
	User     string   `json:"user"`
	Password Password `json:"password"`
}

// Password is a string that requests carry but that package fmt does not show.
type Password string

// String implements fmt.Stringer.
func (Password) String() string { return "(hidden)" }

// GoString implements fmt.GoStringer.
func (Password) GoString() string { return "(hidden)" }

// The settings of failover, as config files and commands call them.
const (
	FailoverWait                = "failover.wait"
	FailoverLease               = "failover.lease"
	FailoverCooldown            = "failover.cooldown"
	FailoverRequireFencing      = "failover.require_fencing"
	FailoverUser                = "failover.user"
	FailoverPassword            = "failover.pass"
	FailoverReplicationUser     = "failover.replication_user"
	FailoverReplicationPassword = "failover.replication_pass"
)

// SettingsDifference names settings that a SettingsChange would change. Values are
// not told, since some are passwords.
type SettingsDifference struct {
	Settings []string `json:"settings"`
}
