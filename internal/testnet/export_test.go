package testnet

// What Main and CheckLeaks do, with a grace of the test's choice.
var (
	RunChecked = runChecked
	CheckAfter = checkAfter
)
