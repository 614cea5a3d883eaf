{{/*
One component as a Deployment. Of the dict that it is given:
  root, component   the chart's scope, and the component's name
  values            its part of the values: replicas, resources
  args              what `forebay` is called with
  replicas          false, where something else decides how many there are
  health            minutes after which `ready` and `alive` of FOREBAY_HEALTH_DIR are too old (docs/settings.md, Probes)
  port, ready       a port, and the path that says whether it can be asked
  stripe, ledger    true, if it is given Stripe's key, and what reaches the ledger
  env, envFrom, mounts, volumes   more of these
  spool             how much it may spool
*/}}
{{- define "forebay.deployment" -}}
{{- $root := .root }}
{{- $values := .root.Values }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "forebay.name" $root }}-{{ .component }}
  labels: {{- include "forebay.labels" . | nindent 4 }}
spec:
  {{- if ne .replicas false }}
  replicas: {{ .values.replicas }}
  {{- end }}
  strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}
  selector:
    matchLabels: {{- include "forebay.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "forebay.labels" . | nindent 8 }}
        {{- with $values.podLabels }}{{ toYaml . | nindent 8 }}{{ end }}
      annotations:
        checksum/spec: {{ $values.spec.files | toJson | sha256sum }}
        {{- with $values.podAnnotations }}{{ toYaml . | nindent 8 }}{{ end }}
    spec:
      serviceAccountName: {{ include "forebay.name" $root }}{{ if not .ledger }}-outside{{ end }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      # A worker ends by itself within 55 s; what is cut off all the same is taken up by another.
      terminationGracePeriodSeconds: 60
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        runAsGroup: 10001
        fsGroup: 10001
        seccompProfile: {type: RuntimeDefault}
      {{- with $values.image.pullSecrets }}
      imagePullSecrets:
        {{- range . }}
        - name: {{ . }}
        {{- end }}
      {{- end }}
      {{- with $values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- range $key := list "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" }}
      {{- with index $values $key }}
      {{ $key }}: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- end }}
      containers:
        - name: {{ .component }}
          image: {{ include "forebay.image" $root | quote }}
          imagePullPolicy: {{ $values.image.pullPolicy }}
          args: {{- toYaml .args | nindent 12 }}
          {{- if or .envFrom (and .stripe $values.stripe.envFrom) (and .ledger $values.envFrom) }}
          envFrom:
            {{- range concat (.envFrom | default list) (ternary $values.stripe.envFrom list (eq .stripe true)) (ternary $values.envFrom list (eq .ledger true)) }}
            - secretRef: {name: {{ . }}}
            {{- end }}
          {{- end }}
          env:
            - name: FOREBAY_REDIS_URL
              valueFrom: {secretKeyRef: {name: {{ $values.redis.existingSecret }}, key: {{ $values.redis.urlKey }}}}
            {{- with $values.redis.brokerUrlKey }}
            - name: FOREBAY_BROKER_URL
              valueFrom: {secretKeyRef: {name: {{ $values.redis.existingSecret }}, key: {{ . }}}}
            {{- end }}
            {{- if and .stripe $values.stripe.existingSecret }}
            - name: STRIPE_API_KEY
              valueFrom: {secretKeyRef: {name: {{ $values.stripe.existingSecret }}, key: {{ $values.stripe.key }}}}
            {{- end }}
            - {name: FOREBAY_LEDGER, value: {{ $values.ledger | quote }}}
            - {name: TMPDIR, value: /data}
            {{- with $values.output }}
            - {name: FOREBAY_OUTPUT, value: {{ . | quote }}}
            {{- end }}
            {{- with $values.mode }}
            - {name: FOREBAY_MODE, value: {{ . }}}
            {{- end }}
            {{- if .health }}
            - {name: FOREBAY_HEALTH_DIR, value: /tmp/health}
            {{- end }}
            {{- range $name, $value := $values.settings }}
            - {name: {{ $name }}, value: {{ $value | quote }}}
            {{- end }}
            {{- with .env }}{{ toYaml . | nindent 12 }}{{ end }}
          {{- if .health }}
          # No Python is started: the age of two files that the process itself touches. Only what a new start would mend is
          # not alive; without Redis, a process is not ready.
          startupProbe:
            exec: {command: [sh, -c, 'test -e /tmp/health/alive']}
            periodSeconds: 5
            timeoutSeconds: 5
            failureThreshold: 60
          livenessProbe:
            exec: {command: [sh, -c, 'test -n "$(find /tmp/health/alive -mmin -{{ .health.alive }})"']}
            periodSeconds: 60
            timeoutSeconds: 5
            failureThreshold: 2
          readinessProbe:
            exec: {command: [sh, -c, 'test -n "$(find /tmp/health/ready -mmin -{{ .health.ready }})"']}
            periodSeconds: 20
            timeoutSeconds: 5
          {{- else }}
          ports:
            - {name: http, containerPort: {{ .port }}}
          startupProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 2
            timeoutSeconds: 5
            failureThreshold: 60
          livenessProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 20
            timeoutSeconds: 5
          readinessProbe:
            httpGet: {path: {{ .ready }}, port: http}
            periodSeconds: 10
            timeoutSeconds: 5
          {{- end }}
          resources: {{- toYaml .values.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
            - {name: data, mountPath: /data}
            {{- if include "forebay.hasSpec" $root }}
            - {name: spec, mountPath: /work, readOnly: true}
            {{- end }}
            {{- if and .stripe $values.stripe.files }}
            - {name: stripe, mountPath: /run/secrets/stripe, readOnly: true}
            {{- end }}
            {{- with .mounts }}{{ toYaml . | nindent 12 }}{{ end }}
      volumes:
        - name: tmp
          emptyDir: {sizeLimit: 64Mi}
        - name: data
          emptyDir: {sizeLimit: {{ .spool | default "1Gi" }}}
        {{- if include "forebay.hasSpec" $root }}
        - name: spec
          configMap: {name: {{ $values.spec.existingConfigMap | default (printf "%s-spec" (include "forebay.name" $root)) }}}
        {{- end }}
        {{- if and .stripe $values.stripe.files }}
        - name: stripe
          secret: {secretName: {{ $values.stripe.files }}, defaultMode: 0440}
        {{- end }}
        {{- with .volumes }}{{ toYaml . | nindent 8 }}{{ end }}
{{- end }}

{{/* What may be asked at a port: a Service, and an Ingress before it where one is wanted. */}}
{{- define "forebay.service" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "forebay.name" .root }}-{{ .component }}
  labels: {{- include "forebay.labels" . | nindent 4 }}
spec:
  type: ClusterIP
  selector: {{- include "forebay.selector" . | nindent 4 }}
  ports:
    - {name: http, port: {{ .port }}, targetPort: http}
{{- with .values.ingress }}
{{- if .enabled }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ include "forebay.name" $.root }}-{{ $.component }}
  labels: {{- include "forebay.labels" $ | nindent 4 }}
  {{- with .annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with .className }}
  ingressClassName: {{ . }}
  {{- end }}
  {{- with .tlsSecret }}
  tls:
    - hosts: [{{ $.values.ingress.host | quote }}]
      secretName: {{ . }}
  {{- end }}
  rules:
    - host: {{ .host | quote }}
      http:
        paths:
          - path: {{ $.path | default "/" }}
            pathType: Prefix
            backend: {service: {name: {{ include "forebay.name" $.root }}-{{ $.component }}, port: {name: http}}}
{{- end }}
{{- end }}
{{- end }}
