package rootkey

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"moorfast/internal/vault"
)

// awsKMS is a key that AWS KMS encrypted: the CiphertextBlob of its client. Region,
// credentials and endpoint are found as every program of that cloud finds them.
func awsKMS(name string, _ Env) (*sealedKey, error) {
	key, file, err := pair(name, "awskms:KEY,FILE")
	if err != nil {
		return nil, err
	}
	return &sealedKey{file: file, connect: func(ctx context.Context) (opener, error) {
		options := []func(*config.LoadOptions) error{config.WithRetryMaxAttempts(1)} // the source tries again itself
		if arn := strings.Split(key, ":"); len(arn) == 6 && arn[0] == "arn" {
			options = append(options, config.WithRegion(arn[3]))
		}
		c, err := config.LoadDefaultConfig(ctx, options...)
		if err != nil {
			return nil, err
		}
		if c.Region == "" {
			return nil, errors.New("AWS_REGION is needed, or a key by its ARN")
		}
		return &awsKey{kms.NewFromConfig(c), key}, nil
	}}, nil
}

type awsKey struct {
	client *kms.Client
	key    string
}

func (k *awsKey) open(ctx context.Context, text []byte) ([]byte, error) {
	sealed, err := decoded(text)
	if err != nil {
		return nil, err
	}
	out, err := k.client.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: sealed, KeyId: &k.key})
	var answered interface{ HTTPStatusCode() int }
	var named interface{ ErrorCode() string }
	switch {
	case err == nil:
		return out.Plaintext, nil
	case errors.As(err, &named) && strings.Contains(named.ErrorCode(), "Throttling"):
		return nil, fmt.Errorf("%w: %s", vault.ErrSourceDown, named.ErrorCode())
	case errors.As(err, &answered) && errors.As(err, &named) && answered.HTTPStatusCode() < 500:
		return nil, fmt.Errorf("%w: %s", ofStatus(answered.HTTPStatusCode()), named.ErrorCode())
	case errors.As(err, &answered) && answered.HTTPStatusCode() > 0:
		return nil, ofStatus(answered.HTTPStatusCode())
	}
	return nil, fmt.Errorf("%w: %w", vault.ErrSourceDown, err)
}
