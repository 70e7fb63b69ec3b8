import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.operations
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import practice.models.base


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        django.contrib.postgres.operations.BtreeGistExtension(
        ),
        django.contrib.postgres.operations.TrigramExtension(
        ),
        migrations.CreateModel(
            name='Location',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveIntegerField(default=1, editable=False)),
                ('name', models.CharField(max_length=120, unique=True, verbose_name='name')),
                ('display_name', models.CharField(help_text='Neutral and short: it starts every text message and must not give away what the clinic does.', max_length=24, verbose_name='name in messages')),
                ('time_zone', models.CharField(max_length=64, validators=[practice.models.base.validate_time_zone], verbose_name='time zone')),
                ('state', models.CharField(max_length=2, verbose_name='state')),
                ('country', models.CharField(default='US', help_text='Two letters, for its public holidays.', max_length=2, verbose_name='country')),
                ('address', models.CharField(blank=True, max_length=200, verbose_name='address')),
                ('phone', models.CharField(max_length=20, verbose_name='phone')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('keeps_tentative', models.BooleanField(default=False, help_text='A dose may be booked as tentative until its prescription is renewed.', verbose_name='books doses before a renewal')),
            ],
            options={
                'verbose_name': 'location',
                'verbose_name_plural': 'locations',
                'ordering': ('name',),
            },
        ),
        migrations.CreateModel(
            name='Client',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveIntegerField(default=1, editable=False)),
                ('legal_name', models.CharField(max_length=160, verbose_name='legal name')),
                ('preferred_name', models.CharField(blank=True, max_length=80, verbose_name='preferred name')),
                ('pronouns', models.CharField(blank=True, max_length=40, verbose_name='pronouns')),
                ('birth_date', models.DateField(blank=True, null=True, verbose_name='birth date')),
                ('language', models.CharField(choices=[('en', 'English'), ('es', 'Spanish')], default='en', max_length=5, verbose_name='language')),
                ('time_zone', models.CharField(max_length=64, validators=[practice.models.base.validate_time_zone], verbose_name='time zone')),
                ('state', models.CharField(help_text='Two letters, for example CA.', max_length=2, verbose_name='state of residence')),
                ('location', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='clients', to='practice.location', verbose_name='location')),
                ('message_detail', models.CharField(choices=[('plain', 'plain: says what to do and when'), ('discreet', 'discreet: no health word at all')], default='plain', max_length=10, verbose_name='message detail')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='registered')),
            ],
            options={
                'verbose_name': 'client',
                'verbose_name_plural': 'clients',
                'ordering': ('legal_name', 'pk'),
                'indexes': [
                    django.contrib.postgres.indexes.GinIndex(fields=['legal_name', 'preferred_name'], name='practice_client_name_trgm', opclasses=['gin_trgm_ops', 'gin_trgm_ops']),
                ],
            },
        ),
        migrations.CreateModel(
            name='Heartbeat',
            fields=[
                ('name', models.CharField(max_length=20, primary_key=True, serialize=False, verbose_name='process')),
                ('beat_at', models.DateTimeField(verbose_name='last seen')),
            ],
            options={
                'verbose_name': 'heartbeat',
                'verbose_name_plural': 'heartbeats',
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('email', models.EmailField(max_length=254, unique=True, verbose_name='email')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('roles', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('practice_admin', 'practice admin'), ('front_desk', 'front desk'), ('therapist', 'therapist'), ('psychiatrist', 'psychiatrist'), ('nurse', 'nurse'), ('auditor', 'auditor')], max_length=20), blank=True, default=list, size=None, verbose_name='roles')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'ordering': ('name', 'pk'),
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='practice_user_email_lower_case'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_tokens', to=settings.AUTH_USER_MODEL, verbose_name='user')),
                ('name', models.CharField(max_length=60, verbose_name='name')),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('expires_at', models.DateTimeField(verbose_name='expires')),
                ('revoked_at', models.DateTimeField(blank=True, null=True, verbose_name='revoked')),
            ],
            options={
                'verbose_name': 'API token',
                'verbose_name_plural': 'API tokens',
                'ordering': ('-created_at',),
            },
        ),
        migrations.CreateModel(
            name='Clinician',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveIntegerField(default=1, editable=False)),
                ('user', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='clinician', to=settings.AUTH_USER_MODEL, verbose_name='login')),
                ('kind', models.CharField(choices=[('therapist', 'therapist'), ('psychiatrist', 'psychiatrist')], max_length=20, verbose_name='kind')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('credentials', models.CharField(blank=True, help_text='For example LMFT or MD.', max_length=80, verbose_name='credentials')),
                ('npi', models.CharField(blank=True, max_length=10, verbose_name='NPI')),
                ('dea_number', models.CharField(blank=True, max_length=9, verbose_name='DEA number')),
                ('most_minutes_per_day', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='most booked minutes a day')),
                ('most_minutes_per_week', models.PositiveSmallIntegerField(blank=True, help_text='Weeks begin on Monday.', null=True, verbose_name='most booked minutes a week')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
            ],
            options={
                'verbose_name': 'clinician',
                'verbose_name_plural': 'clinicians',
                'ordering': ('name', 'pk'),
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('kind__in', ['therapist', 'psychiatrist'])), name='practice_clinician_kind_known'),
                    models.UniqueConstraint(models.F('npi'), condition=models.Q(('npi', ''), _negated=True), name='practice_clinician_npi_unique'),
                ],
            },
        ),
        migrations.CreateModel(
            name='CareTeamMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='care_team', to='practice.client', verbose_name='client')),
                ('clinician', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='care_teams', to='practice.clinician', verbose_name='clinician')),
                ('joined_at', models.DateTimeField(verbose_name='joined')),
                ('left_at', models.DateTimeField(blank=True, null=True, verbose_name='left')),
            ],
            options={
                'verbose_name': 'care team member',
                'verbose_name_plural': 'care team members',
                'constraints': [
                    models.UniqueConstraint(models.F('client'), models.F('clinician'), condition=models.Q(('left_at', None)), name='practice_care_team_unique'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Psychiatrist',
            fields=[
            ],
            options={
                'verbose_name': 'psychiatrist',
                'verbose_name_plural': 'psychiatrists',
                'proxy': True,
            },
            bases=('practice.clinician',),
        ),
        migrations.CreateModel(
            name='Therapist',
            fields=[
            ],
            options={
                'verbose_name': 'therapist',
                'verbose_name_plural': 'therapists',
                'proxy': True,
            },
            bases=('practice.clinician',),
        ),
        migrations.CreateModel(
            name='ConsentDocument',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveIntegerField(default=1, editable=False)),
                ('kind', models.SlugField(max_length=40, verbose_name='kind')),
                ('version', models.PositiveSmallIntegerField(default=1, verbose_name='version')),
                ('title', models.CharField(max_length=160, verbose_name='title')),
                ('body', models.TextField(blank=True, verbose_name='text')),
                ('is_current', models.BooleanField(default=True, verbose_name='current')),
                ('is_required', models.BooleanField(default=True, verbose_name='required before a first dose')),
            ],
            options={
                'verbose_name': 'consent document',
                'verbose_name_plural': 'consent documents',
                'ordering': ('kind', '-version'),
                'constraints': [
                    models.UniqueConstraint(models.F('kind'), models.F('version'), name='practice_consent_document_unique', violation_error_message='There is this version already.'),
                    models.UniqueConstraint(models.F('kind'), condition=models.Q(('is_current', True)), name='practice_consent_document_one_current', violation_error_message='Another version is current: end that one first.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Consent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveIntegerField(default=1, editable=False)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consents', to='practice.client', verbose_name='client')),
                ('document', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consents', to='practice.consentdocument', verbose_name='document')),
                ('signed_at', models.DateTimeField(verbose_name='signed')),
                ('valid_through_on', models.DateField(blank=True, null=True, verbose_name='last valid day')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='withdrawn')),
            ],
            options={
                'verbose_name': 'consent',
                'verbose_name_plural': 'consents',
                'ordering': ('client', '-signed_at'),
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('withdrawn_at', None), ('withdrawn_at__gte', models.F('signed_at')), _connector='OR'), name='practice_consent_withdrawn_after_signed', violation_error_message='A consent is withdrawn after it was signed.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ContactPoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='contact_points', to='practice.client', verbose_name='client')),
                ('channel', models.CharField(choices=[('email', 'email'), ('sms', 'SMS')], max_length=5, verbose_name='channel')),
                ('value', models.CharField(max_length=254, verbose_name='address or number')),
                ('label', models.CharField(blank=True, max_length=40, verbose_name='label')),
                ('is_primary', models.BooleanField(default=True, verbose_name='primary')),
            ],
            options={
                'verbose_name': 'contact point',
                'verbose_name_plural': 'contact points',
                'ordering': ('client', 'channel', '-is_primary', 'pk'),
                'indexes': [
                    django.contrib.postgres.indexes.GinIndex(fields=['value'], name='practice_contact_value_trgm', opclasses=['gin_trgm_ops']),
                ],
                'constraints': [
                    models.UniqueConstraint(models.F('client'), models.F('channel'), models.F('value'), name='practice_contact_unique'),
                    models.UniqueConstraint(models.F('client'), models.F('channel'), condition=models.Q(('is_primary', True)), name='practice_contact_one_primary'),
                ],
            },
        ),
        migrations.CreateModel(
            name='IdempotencyKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('key', models.CharField(max_length=200)),
                ('request_hash', models.CharField(max_length=64)),
                ('status', models.PositiveSmallIntegerField()),
                ('response', models.JSONField()),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'idempotency key',
                'verbose_name_plural': 'idempotency keys',
                'indexes': [
                    models.Index(fields=['created_at'], name='practice_idempotency_created'),
                ],
                'constraints': [
                    models.UniqueConstraint(models.F('user'), models.F('key'), name='practice_idempotency_key_unique'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Licence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveIntegerField(default=1, editable=False)),
                ('clinician', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='licences', to='practice.clinician', verbose_name='clinician')),
                ('state', models.CharField(help_text='Two letters, for example CA.', max_length=2, verbose_name='state')),
                ('number', models.CharField(max_length=40, verbose_name='number')),
                ('valid_from_on', models.DateField(verbose_name='valid from')),
                ('valid_through_on', models.DateField(verbose_name='last valid day')),
            ],
            options={
                'verbose_name': 'licence',
                'verbose_name_plural': 'licences',
                'ordering': ('clinician', 'state', 'valid_through_on'),
                'constraints': [
                    models.UniqueConstraint(models.F('clinician'), models.F('state'), models.F('number'), name='practice_licence_unique', violation_error_message='The clinician has this licence already.'),
                    models.CheckConstraint(condition=models.Q(('valid_through_on__gte', models.F('valid_from_on'))), name='practice_licence_dates', violation_error_message='The last valid day lies before the first.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Holiday',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveIntegerField(default=1, editable=False)),
                ('location', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practice.location', verbose_name='location')),
                ('on', models.DateField(verbose_name='date')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
            ],
            options={
                'verbose_name': 'holiday',
                'verbose_name_plural': 'holidays',
                'ordering': ('location', 'on'),
                'constraints': [
                    models.UniqueConstraint(models.F('location'), models.F('on'), name='practice_holiday_unique', violation_error_message='This day is a holiday already.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ExtraHours',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveIntegerField(default=1, editable=False)),
                ('clinician', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='extra_hours', to='practice.clinician', verbose_name='clinician')),
                ('location', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practice.location', verbose_name='location')),
                ('on', models.DateField(verbose_name='date')),
                ('starts_local', models.TimeField(verbose_name='from')),
                ('ends_local', models.TimeField(help_text='00:00 means midnight at the end of the day.', verbose_name='until')),
            ],
            options={
                'verbose_name': 'extra hours',
                'verbose_name_plural': 'extra hours',
                'ordering': ('clinician', 'on', 'starts_local'),
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('ends_local', '00:00'), ('ends_local__gt', models.F('starts_local')), _connector='OR'), name='practice_extra_hours_order', violation_error_message='The end lies before the beginning.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Closure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveIntegerField(default=1, editable=False)),
                ('starts_at', models.DateTimeField(verbose_name='from')),
                ('ends_at', models.DateTimeField(verbose_name='until')),
                ('reason', models.CharField(blank=True, max_length=120, verbose_name='reason')),
                ('location', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='closures', to='practice.location', verbose_name='location')),
            ],
            options={
                'verbose_name': 'closure',
                'verbose_name_plural': 'closures',
                'ordering': ('starts_at',),
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='practice_closure_order', violation_error_message='The end lies before the beginning.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='PublicHoliday',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('location', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='public_holidays', to='practice.location', verbose_name='location')),
                ('on', models.DateField(verbose_name='date')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('loaded_at', models.DateTimeField(verbose_name='loaded')),
            ],
            options={
                'verbose_name': 'public holiday',
                'verbose_name_plural': 'public holidays',
                'ordering': ('location', 'on'),
                'constraints': [
                    models.UniqueConstraint(models.F('location'), models.F('on'), name='practice_public_holiday_unique', violation_error_message='This day was offered already.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Room',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveIntegerField(default=1, editable=False)),
                ('location', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rooms', to='practice.location', verbose_name='location')),
                ('name', models.CharField(max_length=60, verbose_name='name')),
                ('kind', models.CharField(choices=[('dosing', 'dosing'), ('therapy', 'therapy'), ('recovery', 'recovery'), ('onset', 'no room: how many clients may be in onset at once')], max_length=10, verbose_name='kind')),
                ('capacity', models.PositiveSmallIntegerField(default=1, verbose_name='places')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
            ],
            options={
                'verbose_name': 'room',
                'verbose_name_plural': 'rooms',
                'ordering': ('location', 'name'),
                'constraints': [
                    models.UniqueConstraint(models.F('location'), models.F('name'), name='practice_room_name_unique'),
                    models.CheckConstraint(condition=models.Q(('capacity__gte', 1), ('capacity__lte', 50)), name='practice_room_capacity', violation_error_message='A room has 1 to 50 places.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='SupportPerson',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveIntegerField(default=1, editable=False)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='support_persons', to='practice.client', verbose_name='client')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('relationship', models.CharField(blank=True, max_length=60, verbose_name='relationship')),
                ('phone', models.CharField(blank=True, max_length=20, verbose_name='phone')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email')),
                ('is_escort', models.BooleanField(default=False, verbose_name='takes the client home')),
                ('is_aftercare', models.BooleanField(default=False, verbose_name='stays with the client')),
                ('is_emergency', models.BooleanField(default=False, verbose_name='emergency contact')),
                ('may_be_contacted', models.BooleanField(default=False, verbose_name='client agreed that we call')),
            ],
            options={
                'verbose_name': 'support person',
                'verbose_name_plural': 'support persons',
                'ordering': ('client', 'name', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='TimeOff',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveIntegerField(default=1, editable=False)),
                ('starts_at', models.DateTimeField(verbose_name='from')),
                ('ends_at', models.DateTimeField(verbose_name='until')),
                ('reason', models.CharField(blank=True, max_length=120, verbose_name='reason')),
                ('clinician', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='time_off', to='practice.clinician', verbose_name='clinician')),
            ],
            options={
                'verbose_name': 'time off',
                'verbose_name_plural': 'time off',
                'ordering': ('starts_at',),
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='practice_time_off_order', violation_error_message='The end lies before the beginning.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='WorkingHours',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveIntegerField(default=1, editable=False)),
                ('clinician', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='working_hours', to='practice.clinician', verbose_name='clinician')),
                ('location', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='working_hours', to='practice.location', verbose_name='location')),
                ('weekday', models.PositiveSmallIntegerField(choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')], verbose_name='weekday')),
                ('starts_local', models.TimeField(verbose_name='from')),
                ('ends_local', models.TimeField(help_text='00:00 means midnight at the end of the day.', verbose_name='until')),
                ('effective_from_on', models.DateField(verbose_name='first day')),
                ('effective_until_on', models.DateField(blank=True, null=True, verbose_name='no longer from')),
            ],
            options={
                'verbose_name': 'working hours',
                'verbose_name_plural': 'working hours',
                'ordering': ('clinician', 'weekday', 'starts_local'),
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('ends_local', '00:00'), ('ends_local__gt', models.F('starts_local')), _connector='OR'), name='practice_hours_order', violation_error_message='The end lies before the beginning.'),
                    models.CheckConstraint(condition=models.Q(('weekday__lte', 6)), name='practice_hours_weekday'),
                    models.CheckConstraint(condition=models.Q(('effective_until_on', None), ('effective_until_on__gt', models.F('effective_from_on')), _connector='OR'), name='practice_hours_effective', violation_error_message='The hours end before their first day.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ChannelConsent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='channel_consents', to='practice.client', verbose_name='client')),
                ('channel', models.CharField(choices=[('email', 'email'), ('sms', 'SMS')], max_length=5, verbose_name='channel')),
                ('granted_at', models.DateTimeField(blank=True, null=True, verbose_name='granted')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='withdrawn')),
                ('source', models.CharField(blank=True, max_length=80, verbose_name='how we know')),
            ],
            options={
                'verbose_name': 'channel consent',
                'verbose_name_plural': 'channel consents',
                'constraints': [
                    models.UniqueConstraint(models.F('client'), models.F('channel'), name='practice_channel_consent_unique'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Activity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='when')),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who')),
                ('action', models.CharField(max_length=60, verbose_name='what')),
                ('subject_type', models.CharField(max_length=60, verbose_name='record')),
                ('subject_id', models.BigIntegerField(verbose_name='record id')),
                ('client', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practice.client', verbose_name='client')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='why')),
                ('data', models.JSONField(default=dict, verbose_name='details')),
            ],
            options={
                'verbose_name': 'activity',
                'verbose_name_plural': 'activity',
                'ordering': ('-at', '-pk'),
                'indexes': [
                    models.Index(fields=['client', '-at'], name='practice_activity_client'),
                    models.Index(fields=['subject_type', 'subject_id'], name='practice_activity_subject'),
                    models.Index(fields=['-at', '-id'], name='practice_activity_at'),
                ],
            },
        ),
    ]
