{{/* What the schema cannot say: a part that is wanted and lacks what it needs. All of it at once, a sentence each. */}}
{{- define "forebay.refuse" -}}
{{- $said := list }}
{{- $spec := include "forebay.hasSpec" . }}
{{- with .Values }}
{{- if not .image.repository }}
{{- $said = append $said "image.repository: name the image that you built of the Dockerfile and pushed" }}
{{- end }}
{{- if not .redis.existingSecret }}
{{- $said = append $said "redis.existingSecret: name the Secret with the URL of your Redis; the chart brings none" }}
{{- end }}
{{- if not .ledger }}
{{- $said = append $said "ledger: say s3://bucket/prefix; pods share no folder" }}
{{- end }}
{{- if not (or .stripe.existingSecret $spec) }}
{{- $said = append $said "stripe.existingSecret: name the Secret with the key; only a spec can do without" }}
{{- end }}
{{- if not (or .mode $spec) }}
{{- $said = append $said "mode: say live or test; without a spec nothing else tells those who are given no key" }}
{{- end }}
{{- if and .metrics.enabled (not .metrics.existingSecret) }}
{{- $said = append $said "metrics.existingSecret: name the Secret with the token that who scrapes shows, or set metrics.enabled to false" }}
{{- end }}
{{- if and .web.enabled (not .web.access.existingSecret) }}
{{- $said = append $said "web.access.existingSecret: name the Secret with the file that says who may (docs/web.md)" }}
{{- end }}
{{- if and .webhooks.enabled (not .webhooks.existingSecret) }}
{{- $said = append $said "webhooks.existingSecret: name the Secret with FOREBAY_WEBHOOK_SECRETS, or with what the spec names" }}
{{- end }}
{{- if and .downloader.autoscaling.enabled (not .downloader.autoscaling.prometheus) }}
{{- $said = append $said "downloader.autoscaling.prometheus: say at which address KEDA asks how many results wait" }}
{{- end }}
{{- if and .spec.files (not (index .spec.files "forebay.yaml")) }}
{{- $said = append $said "spec.files: there is no forebay.yaml among them" }}
{{- end }}
{{- if and .spec.files .spec.existingConfigMap }}
{{- $said = append $said "spec.files and spec.existingConfigMap: only one of them can be mounted" }}
{{- end }}
{{- range $name := list "FOREBAY_REDIS_URL" "FOREBAY_BROKER_URL" "FOREBAY_LEDGER" "FOREBAY_OUTPUT" "FOREBAY_MODE" "FOREBAY_HEALTH_DIR" "FOREBAY_WEB_ACCESS" "FOREBAY_WEBHOOK_SECRETS" "FOREBAY_METRICS_TOKEN" "AWS_SECRET_ACCESS_KEY" "AWS_SESSION_TOKEN" }}
{{- if hasKey $.Values.settings $name }}
{{- $said = append $said (printf "settings.%s: it has a value of its own, or belongs into a Secret" $name) }}
{{- end }}
{{- end }}
{{- range $part := list "web" "webhooks" }}
{{- $ingress := (index $.Values $part).ingress }}
{{- if and $ingress.enabled (not $ingress.host) }}
{{- $said = append $said (printf "%s.ingress.host: say by which name it is asked for" $part) }}
{{- end }}
{{- end }}
{{- end }}
{{- if $said }}
{{- fail (join "\n" $said) }}
{{- end }}
{{- end }}
